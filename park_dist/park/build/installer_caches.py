"""Wheels in the caches of pip and uv: what they built or fetched, before it was installed.

pip keeps the wheels that it built, and the answers of indexes with their bodies; uv keeps each
wheel unpacked. Neither says by name where a wheel is that came from an index, so those of the
right ``.dist-info`` are looked for.
https://pip.pypa.io/en/stable/topics/caching/, https://docs.astral.sh/uv/concepts/cache/
"""

from __future__ import annotations

import os
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_dir

from park.build.cache import fresh_folder, lock_beside
from park.build.isolation.pip_settings import pip_settings
from park.digests import file_sha256
from park.file_lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from park.build.cache import Cache

__all__ = ["unpacked_wheels"]

_ZIP = b"PK\x03\x04"


def unpacked_wheels(dist_info: str, *, cache: Cache) -> Iterator[Path]:
    """Yield a folder for each wheel in those caches that has the folder ``dist_info``."""
    yield from _kept_by_uv(dist_info)
    for wheel in _kept_by_pip(dist_info):
        folder = _unpacked(wheel, cache)
        os.utime(folder / dist_info / "RECORD")  # in use: see park.build.eviction
        yield folder


def _kept_by_uv(dist_info: str) -> Iterator[Path]:
    root = Path(os.environ.get("UV_CACHE_DIR") or _default("uv"))
    for record in sorted(root.glob(f"archive-v*/*/{dist_info}/RECORD")):
        yield record.parent.parent


def _kept_by_pip(dist_info: str) -> Iterator[Path]:
    root = Path((pip_settings() or {}).get("cache-dir") or _default("pip")).expanduser()
    files = (*root.glob("wheels/*/*/*/*/*.whl"), *root.glob("http-v2/**/*.body"))
    for file in sorted(files):
        if _has(file, f"{dist_info}/RECORD"):
            yield file


def _has(file: Path, member: str) -> bool:
    with suppress(OSError, zipfile.BadZipFile, ValueError):
        with file.open("rb") as stream:
            if stream.read(len(_ZIP)) != _ZIP:
                return False
        with zipfile.ZipFile(file) as archive:
            return member in archive.NameToInfo
    return False


def _unpacked(wheel: Path, cache: Cache) -> Path:
    """Return the folder with the content of ``wheel``; members cannot lead out of it."""
    folder = cache.unpacked / file_sha256(wheel)[:32]
    with exclusive(lock_beside(folder)):
        if not folder.exists():
            with fresh_folder(folder.with_name(f".unpacking-{folder.name}")) as beside:
                content = beside / "content"
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(content)
                    _mark_executables(archive, content)
                content.rename(folder)
    return folder


def _mark_executables(archive: zipfile.ZipFile, folder: Path) -> None:
    for member in archive.infolist():
        if member.external_attr >> 16 & 0o100 and not member.is_dir():
            (folder / member.filename).chmod(0o755)


def _default(tool: str) -> str:
    """Return where ``tool`` has its cache unless it is told; uv's on macOS is as on Linux."""
    if tool == "uv" and sys.platform == "darwin":
        return f"{os.environ.get('XDG_CACHE_HOME') or Path('~/.cache').expanduser()}/uv"
    return user_cache_dir(tool, appauthor=False)
