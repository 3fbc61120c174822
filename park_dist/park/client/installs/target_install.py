"""The install of a target on a service: what is meant, what it comes to here, and the request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from park.build.cache import user_cache
from park.build.local_set import local_set
from park.client.choosing.use import keep_use
from park.client.installs.index_memory import completed, known_lacking
from park.client.installs.request import InstallOutcome, install

if TYPE_CHECKING:
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

    ``target`` is what `Service.install` takes, as text.
    """
    if Path(target).is_file():
        from park.client.installs.bundle import is_bundle, read_bundle
        from park.client.installs.bundle_install import install_bundle

        if is_bundle(Path(target)):
            bundle = read_bundle(Path(target))
            return install_bundle(transport, bundle, report, until_compiled=until_compiled)
    local = local_set(
        target,
        cache=user_cache(),
        progress=report.step,
        options=options.copying(known_lacking(transport.address.url)),
    )
    local = completed(transport, local, report)
    outcome = install(transport, local, report, until_compiled=until_compiled)
    # the version of here is what was asked for
    keep_use(transport.address.url, local.project.name, None)
    return outcome
