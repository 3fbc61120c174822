"""A wheel from an installer's cache, in the place of installed files that cannot be packed.

Only where what is installed is the same, as far as it is there: a cache may hold another build
of the version, and files may have been edited since.
"""

from __future__ import annotations

import base64
import csv
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from park.build.installer_caches import unpacked_wheels
from park.build.tree.tree_file import TreeFile, signature_of
from park.digests import file_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from park.build.cache import Cache

__all__ = ["cached_files"]

_IN_SITE = frozenset({"purelib", "platlib"})
"""Schemes of a ``.data`` folder that end where modules are (Binary distribution format)."""

_MADE_ANEW = frozenset({"RECORD", "RECORD.jws", "RECORD.p7s"})


class _Row(NamedTuple):
    """A file as a wheel's RECORD has it; ``sha256`` in hex, empty where it has none."""

    path: str
    sha256: str


def cached_files(
    dist_info: str, site: Path, prefix: Path, *, cache: Cache
) -> tuple[TreeFile, ...] | None:
    """Return the files of a cached wheel that was installed in ``site``, under their names in it.

    ``prefix`` is where its data files are. None where no cache has a wheel like that.
    """
    data = f"{dist_info.removesuffix('dist-info')}data"
    for folder in unpacked_wheels(dist_info, cache=cache):
        rows = [row for row in _rows(folder / dist_info / "RECORD") if _is_kept(row, dist_info)]
        has_wheel_file = any(row.path == f"{dist_info}/WHEEL" for row in rows)
        if has_wheel_file and all(_is_same(row, folder, data, site, prefix) for row in rows):
            return tuple(_file(row, folder, data) for row in rows)
    return None


def _is_kept(row: _Row, dist_info: str) -> bool:
    folder, _, name = row.path.rpartition("/")
    return not (folder == dist_info and name in _MADE_ANEW) and not row.path.endswith("/")


def _is_same(row: _Row, folder: Path, data: str, site: Path, prefix: Path) -> bool:
    """Tell whether a file of the wheel is whole, and the one that is here, if one is here."""
    try:
        if not row.sha256 or file_sha256(folder / row.path) != row.sha256:
            return False
    except OSError:
        return False
    place = _place(row.path, data, site, prefix)
    if place is None or not place.is_file():
        return not row.path.endswith(".dist-info/METADATA")
    return file_sha256(place) == row.sha256


def _place(path: str, data: str, site: Path, prefix: Path) -> Path | None:
    """Return where an installer puts a file; None for what it rewrites, or puts by other names."""
    first, *rest = PurePosixPath(path).parts
    if first != data:
        return site / path
    scheme, *below = rest
    if scheme in _IN_SITE:
        return site.joinpath(*below)
    return prefix.joinpath(*below) if scheme == "data" else None


def _file(row: _Row, folder: Path, data: str) -> TreeFile:
    first, *rest = PurePosixPath(row.path).parts
    is_below = first == data and rest[0] in _IN_SITE
    name = "/".join(rest[1:]) if is_below else row.path
    place = folder / row.path
    status = place.stat()
    is_script = row.path.startswith(f"{data}/scripts/")  # executable once it is installed
    executable = is_script or bool(status.st_mode & stat.S_IXUSR)
    return TreeFile(name, str(place), executable, signature_of(status))


def _rows(record: Path) -> Iterator[_Row]:
    for row in csv.reader(record.read_text("utf-8").splitlines()):
        path, digest = (*row, "", "")[:2]
        pure = PurePosixPath(path)
        if pure.parts and not pure.is_absolute() and ".." not in pure.parts:
            algorithm, _, value = digest.partition("=")
            yield _Row(path, _hex(value) if algorithm == "sha256" else "")


def _hex(urlsafe: str) -> str:
    try:
        return base64.urlsafe_b64decode(urlsafe + "=" * (-len(urlsafe) % 4)).hex()
    except ValueError:
        return ""
