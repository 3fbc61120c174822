"""``install`` of a bundle: what a service without upstream cannot fetch comes with the request."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from park.client.access.transport import Transport
from park.client.installs.outcome import (
    InstallOutcome,
    Requested,
    followed,
    outcome_of,
    post_install,
    upload_wheel,
)
from park.client.report import Report
from park.model.ids import new_id
from park.model.pins import is_tree_version
from park.wire import API, InstallRequest, ServiceRecord, decode, encode

if TYPE_CHECKING:
    from park.client.installs.bundle import Bundle

__all__ = ["install_bundle"]


def install_bundle(
    transport: Transport, bundle: Bundle, report: Report, *, until_compiled: bool = False
) -> InstallOutcome:
    """Make the environment of ``bundle`` on the service; returns when it is ready.

    A service with an index behind it is sent the working trees alone: released wheels it
    takes from there. Raises the error that stopped it.
    """
    about = decode(ServiceRecord, transport.json("GET", API))
    request = InstallRequest(
        id=new_id(),
        project=bundle.project,
        version=bundle.version,
        python=bundle.python,
        pins=bundle.pins,
        wheels=[
            wheel
            for wheel in bundle.wheels
            if about.upstream is None or is_tree_version(wheel.version)
        ],
    )
    record = post_install(transport, encode(request))
    missing = [wheel for wheel in request.wheels if wheel.filename in record.missing]
    with TemporaryDirectory() as folder:
        for wheel in missing:
            upload_wheel(transport, wheel, bundle.extract(wheel, Path(folder)), report)
    sent = Requested(record=record, built=[], uploaded=[wheel.filename for wheel in missing])
    record = followed(transport, record, report, until_compiled=until_compiled)
    return outcome_of(record, sent)
