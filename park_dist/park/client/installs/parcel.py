"""Wheels that a service cannot run, because they are for the platform of here: sent as source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

from park.build.step import Progress
from park.build.versioned_tree import TreeProject
from park.build.wheel_source import BuiltWheel, LocalSource
from park.client.access.transport import Transport
from park.digests import file_sha256
from park.errors import CannotSatisfy
from park.local.hint_commands import install_command
from park.wire import API, decode, value_in

if TYPE_CHECKING:
    from park.wire import ServiceRecord, SourceArchive

__all__ = ["Parcel", "as_parcel", "platforms_of"]

Wheels = list[tuple[LocalSource, BuiltWheel]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """What goes to a service: wheels that it can run, and sources for the others.

    ``sent`` has the file names of the sources that the service did not have yet.
    """

    wheels: Wheels
    sources: list[SourceArchive]
    sent: list[str]


def as_parcel(transport: Transport, wheels: Wheels, *, python: str, progress: Progress) -> Parcel:
    """Sort ``wheels`` by whether the service can run them, and send the source of the others.

    The service is only asked for its platforms where a wheel is bound to one. Raises
    `CannotSatisfy` where it does not build, or where there is no source to build.
    """
    if all(platforms_of(wheel.filename) == {"any"} for _, wheel in wheels):
        return Parcel(wheels=wheels, sources=[], sent=[])
    from park.wire import ServiceRecord  # most wheels run anywhere

    about = decode(ServiceRecord, transport.json("GET", API))
    foreign = [pair for pair in wheels if not _fits(pair[1], about, python)]
    parcel = Parcel(wheels=[pair for pair in wheels if pair not in foreign], sources=[], sent=[])
    for source, wheel in foreign:
        if not isinstance(source, TreeProject) or not about.builds:
            raise _refusal(source, wheel, about.platforms[python])
        archive, was_sent = _sent(transport, source, wheel)
        parcel.sources.append(archive)
        if was_sent:
            parcel.sent.append(archive.filename)
            progress(f"sent the source {archive.filename}, to be built there")
    return parcel


def platforms_of(filename: str) -> set[str]:
    """Return the platform tags of a wheel's file name."""
    return {tag.platform for tag in parse_wheel_filename(filename)[3]}


def _fits(wheel: BuiltWheel, about: ServiceRecord, python: str) -> bool:
    """Tell whether the platform is one of the service's; its Python the service itself checks."""
    there = about.platforms.get(python)
    return there is None or not platforms_of(wheel.filename).isdisjoint(there)


def _sent(transport: Transport, tree: TreeProject, wheel: BuiltWheel) -> tuple[SourceArchive, bool]:
    """Return the source of ``tree``, and whether it had to be sent."""
    with TemporaryDirectory() as folder:
        from park.build.sdist import write_sdist  # few services build, and tarfile is large
        from park.wire import PinRecord, SourceArchive

        file = write_sdist(tree, wheel, Path(folder))
        digest = file_sha256(file)
        place = f"{API}/files/{digest}"
        is_there = bool(value_in(transport.json("GET", f"{place}/present"), "present"))
        if not is_there:
            transport.put(place, file)
        size = file.stat().st_size
    installed = tree.environment.installed
    archive = SourceArchive(
        name=tree.pin.name,
        version=tree.pin.version,
        filename=file.name,
        sha256=digest,
        size=size,
        build_pins=[PinRecord(name=pin.name, version=pin.version) for pin in installed],
        pretended_version=tree.pretended_version,
    )
    return archive, not is_there


def _refusal(source: LocalSource, wheel: BuiltWheel, there: list[str]) -> CannotSatisfy:
    bound = ", ".join(sorted(platforms_of(wheel.filename)))
    what = f"the wheel of {source.pin} is for {bound}; the service runs {there[0]}"
    if not isinstance(source, TreeProject):
        return CannotSatisfy(
            f"{what}, and {source.project.origin or 'this'} is no source that it could build",
            hint="check the project out, and install that: "
            + install_command("--editable", "FOLDER"),
        )
    return CannotSatisfy(
        f"{what}, and builds nothing itself",
        hint="ask its operator for --allow-builds, or build the wheel on such a machine "
        "(park build --output DIR) and install it by its path",
    )
