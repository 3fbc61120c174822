"""``install`` of a bundle: what a service without upstream cannot fetch comes with the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from park.client.access.transport import Transport
from park.client.installs.outcome import InstallOutcome
from park.client.installs.sent_wheels import install_wheels
from park.client.report import Report

if TYPE_CHECKING:
    from park.client.installs.bundle import Bundle

__all__ = ["install_bundle"]


def install_bundle(
    transport: Transport, bundle: Bundle, report: Report, *, until_compiled: bool = False
) -> InstallOutcome:
    """Make the environment of ``bundle`` on the service; returns when it is ready.

    Raises the error that stopped it.
    """
    return install_wheels(transport, bundle, bundle.extract, report, until_compiled=until_compiled)
