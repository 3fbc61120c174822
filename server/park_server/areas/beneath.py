"""Files below a folder, reached without ever leaving it, whatever is renamed or linked meanwhile.

No link is followed, and between a look and its use there is nothing to race for: see
`park_server.untrusted`.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import AsyncIterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from park.wire import AreaEntry
from park_repo.durable import sync_file
from park_server import untrusted
from park_server.areas.names_in_order import in_order
from park_server.clock import timestamp
from park_server.threads import in_thread
from park_server.untrusted import Making, folder

__all__ = ["entries", "give", "open_file", "place_file", "receive", "remove"]

_OURS = Making()

# without O_NONBLOCK a named pipe would keep the opener waiting for a writer
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_file(base: Path, parent: Sequence[str], name: str) -> int:
    """Return a descriptor of a regular file; the caller closes it.

    Raises `OSError`; `FileNotFoundError` also for a pipe, a device or a socket.
    """
    with folder(base, parent) as inside:
        descriptor = os.open(name, _FILE, dir_fd=inside)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(f"{name} is no regular file")
    return descriptor


def entries(base: Path, parts: Sequence[str]) -> Iterator[AreaEntry]:
    """Yield what is in a folder, by name, as it is then; links are shown, not followed.

    Raises `OSError` before the first.
    """
    with folder(base, parts) as inside:
        for name in in_order(_names(inside)):
            with suppress(FileNotFoundError):  # gone since
                yield _entry(name, os.stat(name, dir_fd=inside, follow_symlinks=False))


def _names(inside: int) -> Iterator[str]:
    with os.scandir(inside) as found:
        for entry in found:
            yield entry.name


def _entry(name: str, status: os.stat_result) -> AreaEntry:
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(status.st_mode), "other")
    return AreaEntry(
        name=name,
        kind=kind,
        size=status.st_size if kind == "file" else 0,
        modified=timestamp(status.st_mtime),
    )


async def receive(incoming: Path, chunks: AsyncIterable[bytes]) -> Path:
    """Write a stream to a new file in ``incoming``, durably; nothing remains of a broken one."""
    temporary = incoming / secrets.token_hex(16)
    try:
        with temporary.open("xb") as file:
            async for chunk in chunks:
                file.write(chunk)
            await in_thread(sync_file, file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def place_file(
    source: Path, base: Path, parent: Sequence[str], name: str, making: Making = _OURS
) -> None:
    """Move ``source`` to its name; a file of that name, or a link, is replaced.

    It is whose the folders are that are made on the way (``making``). Raises `OSError`;
    `IsADirectoryError` where the name is a folder's.
    """
    if making.owner is not None:
        os.chown(source, *making.owner)
    with folder(base, parent, make=making) as inside:
        os.rename(source, name, dst_dir_fd=inside)
        os.fsync(inside)


def give(area: Path, owner: tuple[int, int]) -> None:
    """Give a folder and all below it to ``owner``, the folder itself last. Raises `OSError`."""
    for _, folders, files, inside in os.fwalk(area):
        for name in (*folders, *files):
            os.chown(name, *owner, dir_fd=inside, follow_symlinks=False)
    os.chown(area, *owner, follow_symlinks=False)


def remove(base: Path, parent: Sequence[str], name: str, *, recursive: bool) -> None:
    """Remove a file, a link itself, or an empty folder; ``recursive``: a folder with its content.

    Raises `OSError`.
    """
    with folder(base, parent) as inside:
        status = os.stat(name, dir_fd=inside, follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            os.unlink(name, dir_fd=inside)
        elif recursive:
            untrusted.remove(name, inside)
        else:
            os.rmdir(name, dir_fd=inside)
