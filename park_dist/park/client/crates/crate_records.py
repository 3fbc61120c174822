"""What ``park-crate.json`` says: the jobs of a crate, their environments, and each file in it.

``ro-crate-metadata.json`` says the same for everybody (`described`); this one is for `reproduce`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from park.model.file_names import in_url
from park.model.portable_names import WINDOWS_FORBIDS
from park.wire import LocalWheel, PinRecord

__all__ = [
    "ABOUT",
    "FORMAT",
    "METADATA",
    "CrateEnvironment",
    "CrateFile",
    "CrateJob",
    "CrateRecord",
    "NamedFile",
    "member_name",
]

METADATA = "ro-crate-metadata.json"
"""The name that the specification gives it: https://w3id.org/ro/crate/1.2"""

ABOUT = "park-crate.json"

FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class CrateFile:
    """A member of the archive: every one is named here, but for the two that describe it."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedFile:
    """A file as a job knows it by ``name``, and where the crate has it."""

    name: str
    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CrateEnvironment:
    """What jobs ran in: the requirement set, its lock, and the wheels of that.

    ``python_full`` is the version with its last number, where the service said so.
    """

    lock_hash: str
    set_hash: str
    project: str
    version: str
    python: str
    pins: list[PinRecord]
    lock: str
    wheels: list[LocalWheel]
    python_full: str | None = None

    def wheel_path(self, wheel: LocalWheel) -> str:
        """Return where the crate has ``wheel``: as the lock beside the folder says it."""
        return f"wheels/{wheel.filename}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CrateJob:
    """One call: what it was given, where it ran, and what it left.

    ``call`` and ``result`` are paths of documents of the job codec; a job that failed has ``error``
    in the place of a result. ``needs`` are the jobs of the crate that it got something of,
    ``machine`` what its process found (`park.runtime.machine.facts`).
    """

    id: str
    entry_point: str
    label: str
    status: str
    service: str
    environment: str
    set_hash: str | None
    call: str
    result: str | None
    error: str | None
    submitted: str
    started: str | None
    finished: str | None
    inputs: list[NamedFile] = field(default_factory=list)
    outputs: list[NamedFile] = field(default_factory=list)
    logs: list[NamedFile] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    machine: list[list[str]] = field(default_factory=list)
    submitted_from: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CrateRecord:
    """A crate; ``job`` is the one that was exported, ``jobs`` has those that it needs first.

    ``besides`` says, a line each, what of the workflow is not run again: fetches, races.
    """

    format: int
    created: str
    park: str
    job: str
    environments: list[CrateEnvironment]
    jobs: list[CrateJob]
    files: list[CrateFile]
    besides: list[str] = field(default_factory=list)

    def environment_of(self, job: CrateJob) -> CrateEnvironment:
        """Return what ``job`` ran in."""
        return next(each for each in self.environments if each.lock_hash == job.environment)


def member_name(name: str) -> str:
    r"""Return ``name`` of a job's file as one that every archive takes: odd bytes escaped.

    >>> member_name("out/fit.dat"), member_name("a\\\\b"), member_name("x\\udce4")
    ('out/fit.dat', 'a%5Cb', 'x%E4')
    """
    plain = name.isprintable() and "%" not in name and not WINDOWS_FORBIDS.intersection(name)
    return name if plain else in_url(name)
