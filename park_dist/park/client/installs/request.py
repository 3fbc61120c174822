"""``install``: from what is installed here to an environment there, from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from park.build.beyond.look import edits, unsent
from park.build.cache import user_cache
from park.build.local_set import LocalSet
from park.build.wheel_source import BuiltWheel, LocalSource
from park.client.access.transport import Transport, patient
from park.client.installs.parcel import Parcel, as_parcel
from park.client.report import Report
from park.errors import ParkError, from_problem
from park.local.distributions import look_up
from park.local.origin import CONDA
from park.model.ids import new_id
from park.model.states import InstallState
from park.wire import (
    API,
    InstallRecord,
    InstallRequest,
    LocalWheel,
    PinRecord,
    decode,
    encode,
)
from park.wire.legacy_upload import upload_form

__all__ = [
    "InstallOutcome",
    "Requested",
    "followed",
    "install",
    "outcome_of",
    "post_install",
    "requested",
    "upload_wheel",
]

_LONG_POLL_S = 25


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


def install(
    transport: Transport, local: LocalSet, report: Report, *, until_compiled: bool = False
) -> InstallOutcome:
    """Make the environment of ``local`` on the service; returns when it is ready.

    That is: when jobs can run in it. Bytecode may follow; ``until_compiled`` waits for it.

    Raises the error that stopped it: `BuildFailed` here, `ResolutionFailed` there, …
    """
    sent = requested(transport, local, report)
    record = followed(transport, sent.record, report, until_compiled=until_compiled)
    return outcome_of(record, sent)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Requested:
    """An install that was asked for, and has all that it needs from here.

    ``built`` and ``uploaded`` are file names, as in `InstallOutcome`.
    """

    record: InstallRecord
    built: list[str]
    uploaded: list[str]


def requested(
    transport: Transport,
    local: LocalSet,
    report: Report,
    *,
    id: str | None = None,  # noqa: A002 (the field's name)
    accepted: Callable[[InstallRecord], object] = lambda _: None,
) -> Requested:
    """Build what is missing here, ask for the environment, and send what is missing there.

    ``id`` is that of the install, else a new one; ``accepted`` is told when the service has
    the request, before anything is sent.
    """
    wheels = [(source, _built(source, report)) for source in local.sources]
    for line in unsaid(local, [wheel.path for _, wheel in wheels]):
        report.note(line)
    python = local.requirements.python
    parcel = as_parcel(transport, wheels, python=python, progress=report.step)
    record = post_install(transport, _request_of(local, parcel, id or new_id()))
    accepted(record)
    uploaded = _upload_missing(transport, record, parcel.wheels, report)
    return Requested(
        record=record,
        built=[wheel.filename for _, wheel in wheels if wheel.built],
        uploaded=[*uploaded, *parcel.sent],
    )


def unsaid(local: LocalSet, wheels: Sequence[Path]) -> Iterator[str]:
    """Yield what is otherwise than somebody might think of a set that is sent."""
    cache = user_cache()
    yield from (f"as installed: {line}" for line in local.contradictions)
    named = None if local.is_gathered else local.project
    yield from unsent(named, local.members, wheels, cache=cache)
    yield from edits(local.members, cache=cache)


_Wheels = Sequence[tuple[LocalSource, BuiltWheel]]


def _built(source: LocalSource, report: Report) -> BuiltWheel:
    wheel = source.wheel(progress=report.step)
    if wheel.built:
        report.step(f"built {wheel.filename} ({wheel.size / 1024:.1f} KiB)")
    return wheel


def _request_of(local: LocalSet, parcel: Parcel, name: str) -> InstallRequest:
    """Return the one request that carries the pins and the digests of what comes from here."""
    return InstallRequest(
        id=name,
        project=local.project.name,
        version=local.version,
        python=local.requirements.python,
        pins=[PinRecord(name=pin.name, version=pin.version) for pin in local.requirements.pins],
        wheels=[_described(source, wheel) for source, wheel in parcel.wheels],
        sources=parcel.sources,
        as_installed=bool(local.contradictions),
    )


def post_install(transport: Transport, request: InstallRequest) -> InstallRecord:
    """Send the request of an install; return what the service says to it."""
    return decode(InstallRecord, transport.json("POST", f"{API}/installs", json=encode(request)))


def _upload_missing(
    transport: Transport, record: InstallRecord, wheels: _Wheels, report: Report
) -> list[str]:
    """Upload what the service says is missing."""
    missing = [pair for pair in wheels if pair[1].filename in record.missing]
    for source, wheel in missing:
        upload_wheel(transport, _described(source, wheel), wheel.path, report)
    return [wheel.filename for _, wheel in missing]


def _described(source: LocalSource, wheel: BuiltWheel) -> LocalWheel:
    return LocalWheel(
        name=source.pin.name,
        version=source.pin.version,
        filename=wheel.filename,
        sha256=wheel.sha256,
        size=wheel.size,
    )


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
    query = {"after": record.revision, "wait": _LONG_POLL_S}
    with patient():
        answer = transport.json("GET", f"{API}/installs/{record.id}", params=query)
    return decode(InstallRecord, answer)
