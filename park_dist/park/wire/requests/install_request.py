"""The request of an install: pins, wheels from here, and what is to be built there."""

from __future__ import annotations

from dataclasses import dataclass, field

from park.wire.install_records import LocalWheel
from park.wire.pin_record import PinRecord

__all__ = ["InstallRequest", "SourceArchive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceArchive:
    """A tree whose wheel is for the client's platform only, for the service to build.

    The file (``sha256`` in hex, ``size`` in bytes) is sent by content before the request.
    ``build_pins`` are what the client's build environment holds, as part of the version, and
    ``pretended_version`` what a version-control plugin was told, or None.
    """

    name: str
    version: str
    filename: str
    sha256: str
    size: int
    build_pins: list[PinRecord]
    pretended_version: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallRequest:
    """One request carries the pins and the digests of the local wheels.

    ``id`` is a UUIDv7 made by the client, so that a retry is harmless. ``python`` is the
    minor of the client's interpreter, such as ``"3.11"``. ``as_installed`` says that the pins
    contradict what their projects require, and are to be taken as they are, and alone.
    """

    id: str
    project: str
    version: str
    python: str
    pins: list[PinRecord]
    wheels: list[LocalWheel] = field(default_factory=list)
    sources: list[SourceArchive] = field(default_factory=list)
    as_installed: bool = False
