"""The install of a target on a service: what is meant, what it comes to here, and the request."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from park.build.cache import user_cache
from park.build.known.known_set import known_file, origin_of, recalled, stored
from park.client.access.config import Configuration, configuration_file
from park.client.installs.outcome import (
    InstallOutcome,
    Requested,
    followed,
    outcome_of,
    post_install,
    upload_wheel,
)
from park.errors import NotPermitted, ParkError
from park.local.set_options import PLAIN
from park.model.ids import new_id
from park.wire import LocalWheel, decode

if TYPE_CHECKING:
    from park.build.known.known_set import KnownSet
    from park.build.local_set import LocalSet
    from park.client.access.transport import Transport
    from park.client.report import Report
    from park.local.set_options import SetOptions

__all__ = ["install_target"]


def install_target(
    transport: Transport,
    target: str,
    options: SetOptions,
    report: Report,
    *,
    until_compiled: bool = True,
) -> InstallOutcome:
    """Make the environment of what is installed here for ``target``; returns when it is there.

    ``target`` is what `Service.install` takes, as text. Where the service does not make it, the
    `EnvironmentMismatch` says what it has, the nearest to here first.
    """
    if Path(target).is_file():
        from park.client.installs.bundle import is_bundle, read_bundle
        from park.client.installs.bundle_install import install_bundle

        if is_bundle(Path(target)):
            bundle = read_bundle(Path(target))
            return install_bundle(transport, bundle, report, until_compiled=until_compiled)
    try:
        sent = _sent(transport, target, options, report)
    except NotPermitted as error:
        raise _refused(transport, target, options, error) from None
    record = followed(transport, sent.record, report, until_compiled=until_compiled)
    # the version of here is what was asked for
    url = transport.address.url
    Configuration(configuration_file()).use_lock(url, str(sent.request["project"]), None)
    return outcome_of(record, sent)


def _sent(transport: Transport, target: str, options: SetOptions, report: Report) -> Requested:
    file = known_file(target, transport.address.url, user_cache())
    known = recalled(file, target, user_cache()) if options == PLAIN else None
    if known is not None:
        return _requested_again(transport, known, report)
    return _looked_at(transport, target, options, report, file)


def _refused(
    transport: Transport, target: str, options: SetOptions, refusal: NotPermitted
) -> ParkError:
    """Return the error that says what the service has instead; the refusal where that is nothing.

    As a job is told whose environment a service does not make.
    """
    from park.build.local_set import local_set
    from park.client.installs.there_instead import mismatch, there_instead

    try:
        here = local_set(target, cache=user_cache(), options=options)
        instead = there_instead(transport, here)
    except ParkError:  # a token that may not even ask, say
        return refusal
    if not instead.versions:
        return refusal
    return mismatch(here, instead, transport.address.url, refusal)


def _requested_again(transport: Transport, known: KnownSet, report: Report) -> Requested:
    """Ask for what was asked for before; send what the service does not have any more."""
    for line in known.said:
        report.note(line)
    request = {"id": new_id(), **known.request}
    record = post_install(transport, request)
    wheels = [decode(LocalWheel, each) for each in request["wheels"]]
    missing = [each for each in wheels if each.filename in record.missing]
    for each in missing:
        upload_wheel(transport, each, Path(known.files[each.filename]), report)
    uploaded = [each.filename for each in missing]
    return Requested(record=record, built=[], uploaded=uploaded, request=request)


def _looked_at(
    transport: Transport, target: str, options: SetOptions, report: Report, file: Path
) -> Requested:
    """Ask for what is here, as a look at all of it tells; it is remembered in ``file``."""
    # to walk a closure and to build takes what an install of the same set does without
    from park.build.known.known_closure import closure_file, recalled_set, store_closure
    from park.build.local_set import local_set
    from park.client.installs.index_memory import completed, known_lacking
    from park.client.installs.request import requested

    started_ns = time.time_ns()
    lacking = known_lacking(transport.address.url)
    copying = options.copying(lacking)
    closure = closure_file(file)
    local = None
    if copying == PLAIN:
        local = recalled_set(closure, target, cache=user_cache(), progress=report.step)
    is_walked = local is None
    if local is None:
        local = local_set(target, cache=user_cache(), progress=report.step, options=copying)
    local = completed(transport, local, report)
    sent = requested(transport, local, report)
    is_its_own = target == local.module or origin_of(target) == str(local.project.root)
    if is_walked and is_its_own:
        store_closure(closure, target, local, sent.edits, started_ns=started_ns)
    # what was edited will be edited again soon: remembered is a set that was here before
    if not lacking and not sent.built and is_its_own:
        url = transport.address.url
        _remember(file, target, local, sent, url=url, started_ns=started_ns)
    return sent


def _remember(
    file: Path, target: str, local: LocalSet, sent: Requested, *, url: str, started_ns: int
) -> None:
    from park.build.known.remembering import known_set
    from park.client.installs.index_memory import memory_of_index

    known = known_set(
        local,
        sent.request,
        sent.files,
        sent.said,
        besides=[str(memory_of_index(user_cache(), url))],
        started_ns=started_ns,
        target=target,
    )
    if known is not None and not sent.request["sources"]:
        stored(file, known)
