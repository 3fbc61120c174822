"""A crate in the words of RO-Crate 1.2 and of its Process Run profile: who ran what, on what.

https://w3id.org/ro/crate/1.2 and https://w3id.org/ro/wfrun/process/0.5: each job is a
``CreateAction`` whose ``instrument`` is its entry point, ``object`` what it was given and
``result`` what it left.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from park.client.crates.crate_records import (
    ABOUT,
    METADATA,
    CrateEnvironment,
    CrateFile,
    CrateJob,
    CrateRecord,
    NamedFile,
)

__all__ = ["described"]

_SPECIFICATION = "https://w3id.org/ro/crate/1.2"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_CONTEXT = [f"{_SPECIFICATION}/context", "https://w3id.org/ro/terms/workflow-run/context"]
_FAILED = {"@id": "http://schema.org/FailedActionStatus"}
_COMPLETED = {"@id": "http://schema.org/CompletedActionStatus"}
_KINDS = {".whl": "application/zip", ".toml": "application/toml", ".npy": "application/x-npy"}

Entity = dict[str, Any]


def described(crate: CrateRecord) -> dict[str, Any]:
    """Return the document ``ro-crate-metadata.json`` of ``crate``."""
    return {"@context": _CONTEXT, "@graph": list(_entities(crate))}


def _entities(crate: CrateRecord) -> Iterable[Entity]:
    yield {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": _SPECIFICATION},
    }
    yield _root(crate)
    yield {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    yield {"@id": "#park", "@type": "SoftwareApplication", "name": "park", "version": crate.park}
    yield from (_file(each, crate) for each in crate.files)
    yield {"@id": ABOUT, "@type": "File", "name": "what park reproduce reads"}
    for environment in crate.environments:
        yield _environment(environment)
    for job in crate.jobs:
        yield _instrument(job)
        yield from _parameters(job)
        yield _action(job, crate)


def _root(crate: CrateRecord) -> Entity:
    job = next(each for each in crate.jobs if each.id == crate.job)
    parts = [each.path for each in crate.files] + [ABOUT]
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{job.label}, job {job.id}",
        "description": f"The call of {job.entry_point}, and all that it takes to make it again: "
        "locks, wheels, arguments, inputs, outputs. `park reproduce` does that, and compares.",
        "datePublished": crate.created,
        "license": "No licence is granted by this description; wheels bring theirs with them.",
        "conformsTo": {"@id": _PROFILE},
        "hasPart": [{"@id": _id(path)} for path in parts],
        "mentions": [{"@id": f"#{each.id}"} for each in crate.jobs],
    }


def _file(file: CrateFile, crate: CrateRecord) -> Entity:
    entity: Entity = {
        "@id": _id(file.path),
        "@type": "File",
        "name": file.path.rpartition("/")[2],
        "contentSize": str(file.size),
        "sha256": file.sha256,
        "encodingFormat": _kind(file.path),
    }
    as_known = _names(crate).get(file.path)
    return entity if as_known is None else entity | {"alternateName": as_known}


def _names(crate: CrateRecord) -> dict[str, str]:
    """Return what jobs call their files, where the archive says it otherwise."""
    known = [each for job in crate.jobs for each in (*job.inputs, *job.outputs)]
    return {each.path: each.name for each in known if not each.path.endswith(f"/{each.name}")}


def _kind(path: str) -> str:
    suffix = path[path.rfind(".") :] if "." in path.rpartition("/")[2] else ""
    return _KINDS.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def _environment(environment: CrateEnvironment) -> Entity:
    return {
        "@id": f"#lock-{environment.lock_hash}",
        "@type": "SoftwareApplication",
        "name": f"{environment.project} {environment.version} on Python {environment.python}",
        "softwareVersion": environment.version,
        "identifier": environment.lock_hash,
        "softwareRequirements": [
            {"@id": _id(environment.lock)},
            *({"@id": _id(environment.wheel_path(wheel))} for wheel in environment.wheels),
        ],
    }


def _instrument(job: CrateJob) -> Entity:
    return {
        "@id": f"#call-{job.id}",
        "@type": "SoftwareApplication",
        "name": job.entry_point,
        "softwareRequirements": {"@id": f"#lock-{job.environment}"},
    }


def _parameters(job: CrateJob) -> Iterable[Entity]:
    """Yield what the process found of its machine, as properties."""
    for name, value in job.machine:
        yield {
            "@id": f"#{job.id}-{name}",
            "@type": "PropertyValue",
            "name": name,
            "value": value,
        }


def _action(job: CrateJob, crate: CrateRecord) -> Entity:
    given = [job.call, *(each.path for each in job.inputs)]
    left = [each.path for each in (*job.outputs, *job.logs)]
    entity: Entity = {
        "@id": f"#{job.id}",
        "@type": "CreateAction",
        "name": job.label,
        "identifier": job.id,
        "instrument": {"@id": f"#call-{job.id}"},
        "object": _ids([*given, *_from_others(job, crate)]),
        "result": _ids([*left, *([job.result] if job.result else [])]),
        "actionStatus": _COMPLETED if job.error is None else _FAILED,
        "environment": [{"@id": f"#{job.id}-{name}"} for name, _ in job.machine],
        "location": job.service,
    }
    said = {
        "startTime": job.started,
        "endTime": job.finished,
        "error": job.error,
        "agent": job.submitted_from,
    }
    return entity | {name: value for name, value in said.items() if value is not None}


def _from_others(job: CrateJob, crate: CrateRecord) -> list[str]:
    """Return what other jobs of the crate left and this one read: the same content by digest."""
    mine = {each.sha256 for each in job.inputs}
    needed: list[NamedFile] = [
        each for other in crate.jobs if other.id in job.needs for each in other.outputs
    ]
    return [each.path for each in needed if each.sha256 in mine]


def _ids(paths: Iterable[str]) -> list[Entity]:
    return [{"@id": _id(path)} for path in dict.fromkeys(paths)]


def _id(path: str) -> str:
    """Return a path as the specification wants it: escaped as in a URI."""
    return quote(path)
