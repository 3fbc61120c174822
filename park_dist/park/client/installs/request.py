"""``install``: from what is installed here to an environment there, from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from park.build.cache import user_cache
from park.build.local_set import LocalSet
from park.build.wheel_source import BuiltWheel, LocalSource
from park.client.access.transport import Transport
from park.client.installs.outcome import (
    InstallOutcome,
    Requested,
    followed,
    outcome_of,
    post_install,
    upload_wheel,
)
from park.client.installs.parcel import Parcel, as_parcel
from park.client.report import Report
from park.errors import NotPermitted
from park.model.ids import new_id
from park.wire import (
    API,
    InstallRecord,
    InstallRequest,
    LocalWheel,
    PinRecord,
    WhoRecord,
    decode,
    encode,
)

__all__ = ["install", "requested"]

_ROLE = "realise"


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
    the request, before anything is sent. What the set reaches here and does not bring is looked
    for, and noted, while the service is at it.
    """
    if any(source.cached_wheel() is None for source in local.sources):
        _require_role(transport)
    wheels = [(source, _built(source, report)) for source in local.sources]
    try:
        python = local.requirements.python
        parcel = as_parcel(transport, wheels, python=python, progress=report.step)
        request = encode(_request_of(local, parcel, id or new_id()))
        record = post_install(transport, request)
        accepted(record)
        uploaded = _upload_missing(transport, record, parcel.wheels, report)
    finally:  # it may be why a service refuses it
        local, said = _noted(local, [wheel.path for _, wheel in wheels], report)
    return Requested(
        record=record,
        built=[wheel.filename for _, wheel in wheels if wheel.built],
        uploaded=[*uploaded, *parcel.sent],
        request=request,
        files={wheel.filename: str(wheel.path) for _, wheel in parcel.wheels},
        said=said,
        edits=local.edits or (),
    )


def _require_role(transport: Transport) -> None:
    """Raise `NotPermitted`, as the request will, where the service makes no environments for you.

    Before a build, which may take minutes.
    """
    try:
        who = decode(WhoRecord, transport.json("GET", f"{API}/whoami"))
    except NotPermitted:  # a token of a job, say: the request itself is answered
        return
    if _ROLE not in who.roles:
        raise NotPermitted(
            f"{who.user} may not have environments made on this service, or not with this token:"
            f" that needs the role {_ROLE}",
            hint=f"roles here: {', '.join(who.roles) or 'none'}; those who administrate the "
            "service give others",
        )


def _noted(
    local: LocalSet, wheels: Sequence[Path], report: Report
) -> tuple[LocalSet, Sequence[str]]:
    """Return the set with what is said of edited releases, and all that was noted of it."""
    from park.build.beyond.look import edits  # once the service has something to do

    edited = edits(local.members, cache=user_cache()) if local.edits is None else local.edits
    local = replace(local, edits=tuple(edited))
    said = [*unsaid(local, wheels), *(local.edits or ())]
    for line in said:
        report.note(line)
    return local, said


def unsaid(local: LocalSet, wheels: Sequence[Path]) -> Iterator[str]:
    """Yield what is otherwise than somebody might think of a set that is sent."""
    from park.build.beyond.lfs_pointers import said_pointers
    from park.build.beyond.look import unsent  # once the service has something to do

    cache = user_cache()
    yield from (f"as installed: {line}" for line in local.contradictions)
    for wheel in wheels:
        yield from said_pointers(wheel)
    named = None if local.is_gathered else local.project
    yield from unsent(named, local.members, wheels, cache=cache)


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
