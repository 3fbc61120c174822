"""Files of installed releases that were changed after they were installed.

RECORD has the size and the digest of each file, and is written last. So a file of another
size was changed, and of the others only those are read whose time is later than RECORD's.
What was found to be whole is remembered by its signature.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from park.atomic import write_atomically
from park.build.cache import platform_key
from park.digests import file_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import Distribution

    from packaging.utils import NormalizedName

    from park.build.cache import Cache

__all__ = ["edited_files"]


class _Row(NamedTuple):
    """A file as RECORD has it; ``sha256`` in hex."""

    path: str
    sha256: str
    size: int


def edited_files(name: NormalizedName, *, cache: Cache) -> tuple[str, ...]:
    """Return the files of the project ``name`` that are not as its RECORD says, sorted.

    Bytecode, commands and what installers write are not looked at.
    """
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return ()
    site = str(distribution.locate_file(""))
    record_ns = _time_of_record(distribution, site)
    if record_ns is None:
        return ()
    store = _store(cache, name, site)
    known = _remembered(store)
    found, whole = [], {}
    for row in _rows(distribution):
        state = _state(f"{site}{os.sep}{row.path}", row, record_ns, known)
        if state is None:
            found.append(row.path)
        elif state:
            whole[row.path] = state
    if whole != known:
        write_atomically(store, json.dumps(whole))
    return tuple(sorted(found))


def _state(place: str, row: _Row, record_ns: int, known: dict[str, list[int]]) -> list[int] | None:
    """Return the signature under which a file was read and found whole, None if it was changed.

    It is empty where there is no need to read the file.
    """
    try:
        status = os.stat(place)  # noqa: PTH116 (strings are quicker, and there are thousands)
    except OSError:
        return None
    if status.st_size != row.size:
        return None
    if status.st_mtime_ns <= record_ns:
        return []
    signature = [status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    if known.get(row.path) == signature or file_sha256(Path(place)) == row.sha256:
        return signature
    return None


def _time_of_record(distribution: Distribution, site: str) -> int | None:
    for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        if row and row[0].endswith(".dist-info/RECORD"):
            with suppress(OSError):
                return Path(site, row[0]).stat().st_mtime_ns
    return None


def _rows(distribution: Distribution) -> Iterator[_Row]:
    for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        path, digest, size = (*row, "", "", "")[:3]
        algorithm, _, value = digest.partition("=")
        is_code = not path.startswith(("..", "/")) and not path.endswith((".pyc", ".pyo"))
        if is_code and algorithm == "sha256" and size.isdigit() and ".dist-info/" not in path:
            yield _Row(path, _hex(value), int(size))


def _hex(urlsafe: str) -> str:
    with suppress(ValueError):
        return base64.urlsafe_b64decode(urlsafe + "=" * (-len(urlsafe) % 4)).hex()
    return ""


def _store(cache: Cache, name: str, site: str) -> Path:
    digest = hashlib.sha256(os.fsencode(site)).hexdigest()[:16]
    return cache.root / "whole-v1" / platform_key() / f"{name}-{digest}.json"


def _remembered(store: Path) -> dict[str, list[int]]:
    with suppress(OSError, ValueError):
        known: dict[str, list[int]] = json.loads(store.read_bytes())
        return known
    return {}
