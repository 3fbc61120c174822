"""Two files that runs left, compared by their bytes, and where these differ by what they mean."""

from __future__ import annotations

import zipfile
from pathlib import Path

from park.model.parity.arrays import MAGIC
from park.model.parity.compared_arrays import compare_arrays
from park.model.parity.compared_text import compare_text
from park.model.parity.comparison import Comparison

__all__ = ["compare_files"]

_MOST_BYTES = 1 << 30
"""What is read for it at most: larger files that differ are told to, and not where."""

_BLOCK = 1 << 20


def compare_files(there: Path, here: Path, where: str, found: Comparison) -> None:
    """Compare two files: arrays (.npy, .npz) and texts by their numbers, all else by bytes."""
    if _same_bytes(there, here):
        return
    if max(there.stat().st_size, here.stat().st_size) > _MOST_BYTES:
        found.differs(where, f"{there.stat().st_size} bytes", "other bytes")
    elif zipfile.is_zipfile(there) and zipfile.is_zipfile(here):
        _compare_archives(there, here, where, found)
    else:
        _compare_content(there.read_bytes(), here.read_bytes(), where, found)


def _same_bytes(there: Path, here: Path) -> bool:
    if there.stat().st_size != here.stat().st_size:
        return False
    with there.open("rb") as one, here.open("rb") as other:
        while block := one.read(_BLOCK):
            if block != other.read(_BLOCK):
                return False
    return True


def _compare_content(there: bytes, here: bytes, where: str, found: Comparison) -> None:
    if there == here:
        return
    if there.startswith(MAGIC) and here.startswith(MAGIC):
        compare_arrays(there, here, where, found)
        return
    try:
        texts = there.decode("utf-8"), here.decode("utf-8")
    except UnicodeDecodeError:
        found.differs(where, f"{len(there)} bytes", f"{len(here)} other bytes")
        return
    compare_text(*texts, where, found)


def _compare_archives(there: Path, here: Path, where: str, found: Comparison) -> None:
    """Compare what is in two zip archives, such as .npz: when they were written is in them too."""
    try:
        with zipfile.ZipFile(there) as one, zipfile.ZipFile(here) as other:
            names = sorted(one.namelist()), sorted(other.namelist())
            sizes = [sum(each.file_size for each in zipped.infolist()) for zipped in (one, other)]
            if names[0] != names[1] or max(sizes) > _MOST_BYTES:
                found.differs(where, *(f"{len(each)} members" for each in names))
                return
            for name in names[0]:
                _compare_content(one.read(name), other.read(name), f"{where}/{name}", found)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        found.differs(where, "an archive", f"another one, that cannot be read: {error}")
