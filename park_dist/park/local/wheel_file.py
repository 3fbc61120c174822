"""A wheel that is given by its path: what its METADATA says, and whether it runs here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from park.errors import LocalSetError
from park.local.metadata import CoreMetadata, parse_metadata
from park.local.project import LocalProject, ProjectKind
from park.local.python_minor import python_minor

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.tags import Tag

__all__ = ["wheel_metadata", "wheel_project"]


def wheel_project(path: Path) -> LocalProject:
    """Return the project of the wheel at ``path``.

    Raises `LocalSetError` where the file is no wheel, or one for another Python than this:
    the rest of the closure is what this Python has. Another platform is fine.
    """
    try:
        tags = parse_wheel_filename(path.name)[3]
    except InvalidWheelFilename as error:
        raise _no_wheel(path, str(error)) from None
    _check_python(path, tags)
    metadata = wheel_metadata(path)
    return LocalProject(
        name=metadata.name,
        version=metadata.version,
        kind=ProjectKind.WHEEL,
        requires=metadata.requires,
        extras=metadata.extras,
        root=path,
        origin=f"the file {path}",
        module=str(metadata.name).replace("-", "_"),
    )


def wheel_metadata(path: Path) -> CoreMetadata:
    """Return the core metadata of the wheel at ``path``; raises `LocalSetError`."""
    try:
        with ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
            text = archive.read(name).decode()
    except (OSError, BadZipFile, StopIteration, UnicodeDecodeError) as error:
        raise _no_wheel(path, str(error) or "no METADATA in it") from None
    return parse_metadata(text, where=f"{path.name}/{name}")


def _check_python(path: Path, tags: frozenset[Tag]) -> None:
    here = {(tag.interpreter, tag.abi) for tag in sys_tags()}
    if here.isdisjoint((tag.interpreter, tag.abi) for tag in tags):
        found = ", ".join(sorted({f"{tag.interpreter}-{tag.abi}" for tag in tags}))
        raise LocalSetError(
            f"{path} is for {found}; expected a wheel for Python {python_minor()}, which runs here",
            hint="run park with the Python that the wheel is for",
        )


def _no_wheel(path: Path, why: str) -> LocalSetError:
    return LocalSetError(
        f"{path} is not a wheel: {why}", hint="name a wheel that a build backend made"
    )
