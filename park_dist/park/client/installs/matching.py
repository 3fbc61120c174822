"""Which environment a job belongs into: the one that is what is installed here, or another by name.

Where the service has no such environment yet, it is installed first, and the job names the
install: so nothing waits at submission.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal
from urllib.parse import quote

from packaging.utils import canonicalize_name
from packaging.version import Version

from park.build.beyond.look import edits
from park.build.cache import user_cache
from park.build.local_set import LocalSet, local_set
from park.client.access.transport import Transport
from park.client.installs.index_memory import completed
from park.client.installs.request import requested
from park.client.installs.there_instead import ThereInstead, there_instead, version_here
from park.client.report import Report
from park.client.submission.binding import Binding
from park.errors import (
    CannotSatisfy,
    EnvironmentMismatch,
    NoDistribution,
    NotPermitted,
    UnknownItem,
    UsageError,
    from_problem,
)
from park.local.set_options import PLAIN, SetOptions
from park.model.entry_point import EntryPoint
from park.model.states import InstallState
from park.wire import API, OfferRecord, decode

__all__ = [
    "InstallPolicy",
    "binding_here",
    "binding_named",
    "local_set_for",
    "offers",
]

InstallPolicy = Literal["auto", "never"]
"""Whether what the service lacks is installed first, or told package by package."""


def binding_named(transport: Transport, *, lock: str | None, offer: str | None) -> Binding:
    """Return the environment of ``lock`` (a lock hash or a prefix), or that of ``offer``.

    An offer is what the operator keeps ready: a project, or ``project==version``.
    """
    if lock is not None and offer is not None:
        raise UsageError("a job runs in the environment of a lock or of an offer, not of both")
    if lock is not None:
        answer = transport.bytes(f"{API}/locks/{quote(lock, safe='')}")
        return Binding(lock_hash=answer.headers["x-park-lock-hash"], is_named=True)
    return _of_offer(transport, str(offer))


def offers(transport: Transport) -> list[OfferRecord]:
    """Return the projects that the operator keeps ready."""
    return [decode(OfferRecord, each) for each in transport.json("GET", f"{API}/offers")]


def _of_offer(transport: Transport, text: str) -> Binding:
    """Return the newest offer of a project, or the one of that version."""
    name, _, version = (part.strip() for part in text.partition("=="))
    found = [
        offer
        for offer in offers(transport)
        if offer.project == canonicalize_name(name) and version in {"", offer.version}
    ]
    if not found:
        raise UnknownItem(f"the service does not offer {text}", hint="`park admin offers` lists")
    best = max(found, key=lambda offer: (Version(offer.version), offer.python))
    if best.state == InstallState.FAILED:
        raise CannotSatisfy(f"{best.project}=={best.version} cannot be had there: {best.error}")
    if best.state == InstallState.READY:
        return Binding(lock_hash=best.lock_hash, is_named=True)
    return Binding(install=best.install, is_named=True)


def binding_here(
    transport: Transport, here: LocalSet, install: InstallPolicy, report: Report
) -> Binding:
    """Return the environment that is what is installed here; installed there where it is not.

    Raises `EnvironmentMismatch`, with the differences package by package, where the service
    has no such environment and ``install`` is ``never`` or not permitted.
    """
    found = version_here(transport, here.requirements, here.project.name)
    if found is not None:
        # whatever its status: one that was evicted or damaged the service makes again
        for line in edits(here.members, cache=user_cache()):
            report.note(line)
        return Binding(lock_hash=found.record.lock_hash, set_hash=found.record.set_hash)
    instead = there_instead(transport, here)
    mismatch = _mismatch(here, instead, transport.address.url)
    if install == "never":
        raise mismatch
    try:
        whole = completed(transport, here, report)
        if whole.requirements != here.requirements:
            return binding_here(transport, whole, install, report)
        for line in _why(here, instead):
            report.step(line)
        record = requested(transport, here, report).record
    except NotPermitted as error:
        raise mismatch from error
    if record.error is not None:
        raise from_problem(record.error)
    if record.state == InstallState.READY:
        return Binding(lock_hash=record.lock_hash, set_hash=record.set_hash)
    return Binding(install=record.id, set_hash=record.set_hash)


def _why(here: LocalSet, instead: ThereInstead) -> list[str]:
    """Say what is installed first, and how it differs from what is there."""
    what = f"{here.project.name} {here.version} on Python {here.requirements.python}"
    differences = (f"  {difference}" for difference in instead.differences)
    return [f"installing {what}: {instead.line}", *differences]


def _mismatch(here: LocalSet, instead: ThereInstead, url: str) -> EnvironmentMismatch:
    """Say package by package how what is there differs from what is here."""
    project = here.project.name
    what = f"{project} {here.version} on Python {here.requirements.python}"
    hint = f"park install {here.module or here.project.root}"
    near = instead.nearest
    if near is not None:
        lock = near.record.lock_hash[:12]
        first, hint = f"{instead.line} (lock {lock}…)", f"{hint}; or run in that one: --lock {lock}"
    else:
        first = instead.line
    lines = [f"{url} has no environment that matches {what}", first]
    lines += (f"  {difference}" for difference in instead.differences)
    return EnvironmentMismatch(
        "\n".join(lines),
        hint=hint,
        details={"differences": [asdict(each) for each in instead.differences]},
    )


def local_set_for(entry_point: EntryPoint, options: SetOptions = PLAIN) -> LocalSet:
    """Return what is installed here for the module of ``entry_point``, and what is said of it."""
    try:
        return local_set(entry_point.module, cache=user_cache(), options=options)
    except NoDistribution as error:
        raise NoDistribution(
            error.message,
            hint=f"{error.hint}; or name an environment: --lock HASH, --offer PROJECT; or a "
            "release that the service resolves: requires=[…], park run PROJECT==VERSION …",
        ) from error
