"""Which environment a job belongs into: the one that is what is installed here, or another by name.

Where the service has no such environment yet, it is installed first, and the job names the
install: so nothing waits at submission.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from packaging.utils import canonicalize_name
from packaging.version import Version

from park.build.beyond.look import edits
from park.build.cache import user_cache
from park.build.local_set import LocalSet, local_set
from park.client.access.known_services import option_for
from park.client.access.transport import Transport
from park.client.choosing.choice import Wanted, chosen
from park.client.choosing.versions import ServiceVersion
from park.client.installs.index_memory import completed
from park.client.installs.request import requested
from park.client.installs.there_instead import (
    ThereInstead,
    mismatch,
    there_instead,
    version_here,
    what_is_here,
)
from park.client.report import Report
from park.client.submission.binding import Binding, InstallPolicy
from park.errors import (
    CannotSatisfy,
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
    "binding_here",
    "binding_named",
    "local_set_for",
    "offers",
    "substituted",
]


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
        on = option_for(transport.address.url)
        raise UnknownItem(
            f"the service does not offer {text}", hint=f"`park admin offers{on}` lists what it does"
        )
    best = max(found, key=lambda offer: (Version(offer.version), offer.python))
    if best.state == InstallState.FAILED:
        raise CannotSatisfy(f"{best.project}=={best.version} cannot be had there: {best.error}")
    if best.state == InstallState.READY:
        return Binding(lock_hash=best.lock_hash, is_named=True)
    return Binding(install=best.install, is_named=True)


def binding_here(
    transport: Transport,
    here: LocalSet,
    install: InstallPolicy,
    report: Report,
    *,
    entry_point: EntryPoint,
    wanted: Wanted,
    remember: Callable[[Sequence[str]], object] = lambda _: None,
) -> Binding:
    """Return the environment that is what is installed here; installed there where it is not.

    ``remember`` is told, where it is there, what was said of it.

    Where the service has no such environment, and ``install`` is ``never`` or not permitted,
    it is another one that is ``wanted``, or an `EnvironmentMismatch` that says what there is,
    the nearest first, package by package.
    """
    found = version_here(transport, here.requirements, here.project.name)
    if found is not None:
        # whatever its status: one that was evicted or damaged the service makes again
        said = list(edits(here.members, cache=user_cache()))
        for line in said:
            report.note(line)
        remember(said)
        return Binding(lock_hash=found.record.lock_hash, set_hash=found.record.set_hash)
    instead = there_instead(transport, here, str(entry_point))
    if install == "never":
        return _in_place_of(here, instead, wanted, transport.address.url, report)
    try:
        whole = completed(transport, here, report)
        if whole.requirements != here.requirements:
            return binding_here(
                transport, whole, install, report, entry_point=entry_point, wanted=wanted
            )
        for line in _why(here, instead):
            report.step(line)
        record = requested(transport, here, report).record
    except NotPermitted as error:
        url = transport.address.url
        return _in_place_of(here, instead, wanted, url, report, refusal=error)
    if record.error is not None:
        raise from_problem(record.error)
    if record.state == InstallState.READY:
        return Binding(lock_hash=record.lock_hash, set_hash=record.set_hash)
    return Binding(install=record.id, set_hash=record.set_hash)


def _why(here: LocalSet, instead: ThereInstead) -> list[str]:
    """Say what is installed first, and how it differs from what is there."""
    differences = (f"  {difference}" for difference in instead.differences)
    return [f"installing {what_is_here(here)}: {instead.line}", *differences]


def _in_place_of(
    here: LocalSet,
    instead: ThereInstead,
    wanted: Wanted,
    url: str,
    report: Report,
    *,
    refusal: NotPermitted | None = None,
) -> Binding:
    """Return the other environment that is ``wanted``; raises `EnvironmentMismatch` for none."""
    found = chosen(wanted, instead.versions)
    if found is None:
        raise mismatch(here, instead, url, refusal) from refusal
    return substituted(here, found.version, wanted.policy, report)


def substituted(here: LocalSet, there: ServiceVersion, why: str, report: Report) -> Binding:
    """Return the environment that is ``there`` in place of what is ``here``, and say so."""
    record, asked_for = there.record, what_is_here(here)
    report.note(
        f"{asked_for} here runs as {record.project} {record.version} on Python {record.python}"
        f" there (lock {record.lock_hash[:12]}, {why})"
    )
    return Binding(lock_hash=record.lock_hash, is_named=True, asked_for=asked_for)


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
