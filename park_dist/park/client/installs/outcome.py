"""An install on a service: asked for, sent what is missing there, and followed to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from park.client.access.transport import patient
from park.errors import ParkError, from_problem
from park.model.states import InstallState
from park.wire import API, InstallRecord, decode
from park.wire.legacy_upload import upload_form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from park.client.access.transport import Transport
    from park.client.report import Report
    from park.wire import LocalWheel

__all__ = [
    "PAUSE_S",
    "InstallOutcome",
    "Requested",
    "followed",
    "outcome_of",
    "post_install",
    "upload_wheel",
]

_LONG_POLL_S = 25

PAUSE_S = 0.1
"""Between two answers while an install is under way: a person sees ten a second as movement, and
most installs of an edited line have ended by the second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallOutcome:
    """What an install came to.

    ``built`` and ``uploaded`` are file names of wheels, empty where nothing had changed;
    ``realised`` tells whether the service had to make the environment; ``added`` are pins
    that only the service's platform needs.
    """

    project: str
    version: str
    python: str
    lock_hash: str
    set_hash: str
    status: str
    built: list[str]
    uploaded: list[str]
    realised: bool
    added: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Requested:
    """An install that was asked for, and has all that it needs from here.

    ``built`` and ``uploaded`` are file names, as in `InstallOutcome`. ``request`` is what was asked
    as JSON, ``files`` the wheels from here by file name, and ``said`` what was told of the set,
    of which ``edits`` is about releases that were edited here.
    """

    record: InstallRecord
    built: list[str]
    uploaded: list[str]
    request: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    said: Sequence[str] = ()
    edits: Sequence[str] = ()


def outcome_of(record: InstallRecord, sent: Requested | None) -> InstallOutcome:
    """Return what an install that is ready came to, with what was done here for it, if anything."""
    return InstallOutcome(
        project=record.project,
        version=record.version,
        python=record.python,
        lock_hash=str(record.lock_hash),
        set_hash=record.set_hash,
        status=record.state,
        built=sent.built if sent else [],
        uploaded=sent.uploaded if sent else [],
        realised=record.realised,
        added=[f"{pin.name}=={pin.version}" for pin in record.added],
    )


def post_install(transport: Transport, request: Mapping[str, Any]) -> InstallRecord:
    """Send the request of an install (`InstallRequest`, encoded); return what the service says."""
    return decode(InstallRecord, transport.json("POST", f"{API}/installs", json=request))


def upload_wheel(transport: Transport, wheel: LocalWheel, path: Path, report: Report) -> None:
    """Send the wheel at ``path`` to the service's index, through its legacy upload API."""
    form = upload_form(
        name=wheel.name, version=wheel.version, filename=wheel.filename, sha256=wheel.sha256
    )
    transport.upload("/legacy/", path, form)
    report.step(f"uploaded {wheel.filename} ({wheel.size / 1024:.1f} KiB)")


def followed(
    transport: Transport, record: InstallRecord, report: Report, *, until_compiled: bool = False
) -> InstallRecord:
    """Follow the install to its end, telling each stage; raises the error that it ended with."""
    while not InstallState(record.state).is_final or (until_compiled and record.compiling):
        record = _past(transport, record)
        for stage in record.stages:
            report.progress(stage.stage, stage.done, stage.total, stage.unit)
    if record.error is not None:
        raise _with_origins(from_problem(record.error))
    return record


def _with_origins(error: ParkError) -> ParkError:
    """Add to the hint what only this machine knows: which of the missing projects are conda's."""
    from packaging.utils import canonicalize_name

    from park.local.distributions import look_up
    from park.local.origin import CONDA

    names = [each["name"] for each in error.details.get("unavailable", ())]
    projects = [look_up(canonicalize_name(name)) for name in names]
    conda = [str(project) for project in projects if project and project.origin == CONDA]
    if conda:
        why = f"conda installed {', '.join(conda)}, and has builds that no package index has"
        hint = f"{why}; {error.hint}" if error.hint else why
        return type(error)(error.message, hint=hint, details=error.details)
    return error


def _past(transport: Transport, record: InstallRecord) -> InstallRecord:
    """Return the install as soon as it has changed since ``record``."""
    query = {"after": record.revision, "wait": _LONG_POLL_S, "pause": PAUSE_S}
    with patient():
        answer = transport.json("GET", f"{API}/installs/{record.id}", params=query)
    return decode(InstallRecord, answer)
