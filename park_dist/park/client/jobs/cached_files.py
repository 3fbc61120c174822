"""Files of jobs in the user's cache: fetched once, named by what is in them, and checked."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import time
from contextlib import suppress
from pathlib import Path

from park.atomic import appearing
from park.build.cache import user_cache
from park.client.access.transport import Transport
from park.digests import file_sha256, is_sha256
from park.errors import ServiceFault
from park.model.file_names import is_name

__all__ = ["cached_file", "is_copy_here"]

_Seen = tuple[int, int, int, int]

_whole: dict[Path, _Seen] = {}
"""The files that this process has found whole, and how they looked then."""


def cached_file(transport: Transport, route: str, *, sha256: str, name: str) -> Path:
    """Return the path of a local copy, read-only, of what ``route`` answers with.

    One that is there is read before it is used, once in each process and whenever it looks
    different since; what is not as it was fetched is fetched again. Raises `ServiceFault`
    where the content of the answer is not that of ``sha256`` (in hex), or where that or ``name``,
    which a service says, leads elsewhere: what stands in the way is removed here.
    """
    if not is_sha256(sha256) or not is_name(name):
        raise ServiceFault(
            f"{route}: the service calls the file {name!r}, with SHA-256 {sha256!r}: neither may"
            " lead out of the cache"
        )
    folder = user_cache().files / sha256
    path = folder / name
    if not _is_whole(path, sha256):
        _remove(path if folder.is_dir() else folder)
        folder.mkdir(parents=True, exist_ok=True)
        with appearing(path, beside=folder / f".{secrets.token_hex(8)}") as beside:
            transport.download(route, beside)
            found = file_sha256(beside)
            if found != sha256:
                raise ServiceFault(f"{route}: expected content with SHA-256 {sha256}, got {found}")
            beside.chmod(0o444)
    _note(path)
    return path


def is_copy_here(path: str) -> bool:
    """Tell whether ``path`` leads to a copy that this process was given."""
    return bool(_whole) and path.startswith(f"{user_cache().files}{os.sep}")


def _is_whole(path: Path, sha256: str) -> bool:
    """Tell whether the file at ``path`` is there, and has the content that it is named by."""
    with suppress(OSError):
        seen = _look(path)
        return seen is not None and (seen == _whole.get(path) or file_sha256(path) == sha256)
    return False


def _look(path: Path) -> _Seen | None:
    """Return how a regular file looks: whatever writes to it changes some of that."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _note(path: Path) -> None:
    """Remember that the file is whole, and that it was used: so it is not evicted."""
    with suppress(OSError):
        now = time.time_ns()
        os.utime(path, ns=(now, now))
        seen = _look(path)
        if seen is not None:
            _whole[path] = seen


def _remove(path: Path) -> None:
    """Remove what is in the place of a file, whatever it is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):
        path.unlink()
