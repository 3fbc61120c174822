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
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.metadata import Distribution

    from packaging.utils import NormalizedName

    from park.build.cache import Cache

__all__ = ["code_files", "edited_files"]


_COLUMNS = 3
"""Of a RECORD: path, digest and size."""


class _Record(NamedTuple):
    """The RECORD of a distribution: when it was written, and its files.

    ``files`` are paths, digests as they stand there, and sizes.
    """

    written_ns: int
    files: list[tuple[str, str, int]]


def edited_files(name: NormalizedName, *, cache: Cache) -> tuple[str, ...]:
    """Return the files of the project ``name`` that are not as its RECORD says, sorted.

    Bytecode, commands and what installers write are not looked at.
    """
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return ()
    site = str(distribution.locate_file(""))
    record = _record(distribution, site)
    if record is None:
        return ()
    store = _store(cache, name, site)
    known = _remembered(store)
    found, whole = [], {}
    for path, digest, size in _doubtful(record, site):
        signature = _signature(f"{site}{os.sep}{path}", size)
        if signature is None:
            found.append(path)
        elif known.get(path) == signature or _is_as_it_was(Path(site, path), digest):
            whole[path] = signature
        else:
            found.append(path)
    if whole != known:
        write_atomically(store, json.dumps(whole))
    return tuple(sorted(found))


def code_files(name: NormalizedName) -> list[str]:
    """Return the files of the project ``name`` that `edited_files` looks at."""
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return []
    site = str(distribution.locate_file(""))
    record = _record(distribution, site)
    return [] if record is None else [f"{site}{os.sep}{path}" for path, _, _ in record.files]


def _record(distribution: Distribution, site: str) -> _Record | None:
    """Return what RECORD has of the code of a distribution, None where there is no RECORD."""
    written_ns, files = None, []
    for path, digest, size in _rows(distribution.read_text("RECORD") or ""):
        if ".dist-info/" in path:
            if path.endswith(".dist-info/RECORD"):
                with suppress(OSError):
                    written_ns = Path(site, path).stat().st_mtime_ns
        elif digest.startswith("sha256=") and size.isdigit() and _is_code(path):
            files.append((path, digest, int(size)))
    return None if written_ns is None else _Record(written_ns, files)


def _rows(text: str) -> Iterable[Sequence[str]]:
    """Return the rows of a RECORD: path, digest and size, the last two of them empty for some."""
    if '"' not in text:  # nothing is quoted, so a path ends at the last comma but one
        split = (line.rsplit(",", 2) for line in text.splitlines())
        return (row for row in split if len(row) == _COLUMNS)
    return (row for row in csv.reader(text.splitlines()) if len(row) == _COLUMNS)


def _is_code(path: str) -> bool:
    return not path.startswith(("..", "/")) and not path.endswith((".pyc", ".pyo"))


def _doubtful(record: _Record, site: str) -> Iterator[tuple[str, str, int]]:
    """Yield the files that are of another size than RECORD says, or gone, or newer than it.

    An environment has thousands of files, and nearly none of them is one of these.
    """
    stat, written_ns = os.stat, record.written_ns
    for row in record.files:
        try:
            status = stat(f"{site}{os.sep}{row[0]}")
        except OSError:
            yield row
        else:
            if status.st_size != row[2] or status.st_mtime_ns > written_ns:
                yield row


def _signature(place: str, size: int) -> list[int] | None:
    """Return what tells a file from its next state; None where it cannot be the file of RECORD."""
    try:
        status = os.stat(place)  # noqa: PTH116 (a string, as it is at hand)
    except OSError:
        return None
    if status.st_size != size:
        return None
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _is_as_it_was(file: Path, digest: str) -> bool:
    """Tell whether the bytes of ``file`` have a digest as RECORD writes it: ``sha256=BASE64``."""
    value = digest.partition("=")[2]
    with suppress(ValueError):
        return file_sha256(file) == base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
    return False


def _store(cache: Cache, name: str, site: str) -> Path:
    digest = hashlib.sha256(os.fsencode(site)).hexdigest()[:16]
    return cache.root / "whole-v1" / platform_key() / f"{name}-{digest}.json"


def _remembered(store: Path) -> dict[str, list[int]]:
    with suppress(OSError, ValueError):
        known: dict[str, list[int]] = json.loads(store.read_bytes())
        return known
    return {}
