"""``install`` of a set whose wheels are all here: what a service cannot fetch itself is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

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
from park.wire import API, InstallRequest, LocalWheel, PinRecord, ServiceRecord, decode, encode

__all__ = ["SetWithWheels", "install_wheels"]


class SetWithWheels(Protocol):
    """A requirement set, and the wheels that realise it on one platform."""

    @property
    def project(self) -> str:
        """The project that it was made for."""

    @property
    def version(self) -> str:
        """The version of that."""

    @property
    def python(self) -> str:
        """The minor of Python."""

    @property
    def pins(self) -> list[PinRecord]:
        """The set."""

    @property
    def wheels(self) -> Sequence[LocalWheel]:
        """The wheels."""


def install_wheels(
    transport: Transport,
    wanted: SetWithWheels,
    path_of: Callable[[LocalWheel, Path], Path],
    report: Report,
    *,
    until_compiled: bool = False,
) -> InstallOutcome:
    """Make the environment of ``wanted`` on the service; returns when it is ready.

    A service with an index behind it is sent the working trees alone: released wheels it
    takes from there. ``path_of`` gives a wheel as a file, for which it is handed a folder to write
    into. Raises the error that stopped it.
    """
    about = decode(ServiceRecord, transport.json("GET", API))
    request = InstallRequest(
        id=new_id(),
        project=wanted.project,
        version=wanted.version,
        python=wanted.python,
        pins=wanted.pins,
        wheels=[
            wheel
            for wheel in wanted.wheels
            if about.upstream is None or is_tree_version(wheel.version)
        ],
    )
    record = post_install(transport, encode(request))
    missing = [wheel for wheel in request.wheels if wheel.filename in record.missing]
    with TemporaryDirectory() as folder:
        for wheel in missing:
            upload_wheel(transport, wheel, path_of(wheel, Path(folder)), report)
    sent = Requested(record=record, built=[], uploaded=[wheel.filename for wheel in missing])
    record = followed(transport, record, report, until_compiled=until_compiled)
    return outcome_of(record, sent)
