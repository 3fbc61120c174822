"""A source distribution of a tree: what its build sees, for a machine of another kind.

Written here, not by the backend: `build_sdist` may need the history that an export has not
(meson's takes what git has committed), and may leave out what this build used. The form is
that of the source distribution specification: one folder, with a ``PKG-INFO`` that has the
metadata of the wheel that the same files made here.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import tarfile
from typing import TYPE_CHECKING
from zipfile import ZipFile

from park.build.tree.export import EPOCH, verified_content
from park.build.tree.named_paths import is_above
from park.build.tree.tree_file import LOOP
from park.errors import LocalSetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from park.build.versioned_tree import TreeProject
    from park.build.wheel_source import BuiltWheel

__all__ = ["write_sdist"]


def write_sdist(tree: TreeProject, wheel: BuiltWheel, folder: Path) -> Path:
    """Write the source distribution of ``tree`` into ``folder`` and return its path.

    ``wheel`` is the one that the tree gave here. Equal trees give equal bytes: sorted, with
    fixed times and modes, and without compression. Raises `LocalSetError` where a file of
    the tree is no longer what was hashed, or is above its folder.
    """
    _require_one_folder(tree)
    stem = f"{str(tree.project.name).replace('-', '_')}-{tree.version}"
    path = folder / f"{stem}.tar.gz"
    with (
        path.open("xb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=0, mtime=EPOCH) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member, content in _members(tree, wheel, stem):
            archive.addfile(member, io.BytesIO(content))
    return path


def _require_one_folder(tree: TreeProject) -> None:
    above = [file.path for file in tree.snapshot.files if is_above(file.path)]
    if above:
        raise LocalSetError(
            f"{tree.pin} cannot be built elsewhere: its build reads {above[0]}, and a source"
            " distribution has nothing above its own folder",
            hint="build on such a machine (park build --output DIR), and install the wheel",
        )


def _members(
    tree: TreeProject, wheel: BuiltWheel, stem: str
) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    own = f"{stem}/PKG-INFO"
    metadata = _metadata(wheel)
    yield _member(own, len(metadata), executable=False), metadata
    for file in tree.snapshot.files:
        name = f"{stem}/{file.path}"
        if file.link is not None:
            if _stays_inside(file.path, file.link):
                yield _symbolic_link(name, file.link), b""
        elif name != own:  # that of an unpacked source distribution speaks of the old version
            content = verified_content(file)
            yield _member(name, len(content), executable=file.executable), content


def _stays_inside(path: str, link: str) -> bool:
    """Tell whether a link can be unpacked elsewhere; one that leads nowhere may name any place."""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    return link != LOOP and not place.startswith(("..", "/"))


def _symbolic_link(name: str, text: str) -> tarfile.TarInfo:
    member = _member(name, 0, executable=True)
    member.type, member.linkname = tarfile.SYMTYPE, text
    return member


def _member(name: str, size: int, *, executable: bool) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime = size, EPOCH
    member.mode = 0o755 if executable else 0o644
    return member


def _metadata(wheel: BuiltWheel) -> bytes:
    with ZipFile(wheel.path) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return archive.read(name)
