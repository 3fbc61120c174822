"""What the wheel store and the environments ask of the disk: locks, durable files, removal.

The rule is: build beside, rename into place, write the mark of completeness last. Only
that mark is fsynced. On a journaling file system an fsync also commits the metadata of
everything that was made before it, and a file whose data did not reach the disk before a
power failure comes back shorter: the stamps of the manifests, which are compared before
use, tell. (An fsync of each of the 15,000 files of a large environment takes seconds.)
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from park.atomic import appearing
from park.file_lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterator
    from contextlib import AbstractContextManager

__all__ = [
    "BUILDING",
    "QUARANTINE",
    "beside",
    "key_lock",
    "opened",
    "put_in_place",
    "quarantine",
    "remove_tree",
    "sweep_beside",
    "sync_all",
    "sync_directory",
    "sync_file",
    "write_durably",
    "write_new",
    "write_over",
    "write_synced",
]

BUILDING = ".building-"
"""Prefix of what is not finished; after it come the key, a dot and a random suffix."""

QUARANTINE = ".quarantine-"
"""Prefix of what was found damaged, kept for inspection until the next sweep."""


def key_lock(folder: Path, key: str, *, wait: bool = True) -> AbstractContextManager[bool]:
    """Hold the lock of ``key`` among all threads and processes that use ``folder``.

    The value tells whether the lock is held: always, unless ``wait`` is False.
    """
    return exclusive(folder / ".locks" / key, wait=wait)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """Open ``folder``: thousands of short paths relative to it cost less than long ones."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_new(path: str, content: bytes, mode: int, top: int) -> None:
    """Write the new file ``path``, relative to the open directory ``top``; it may be read-only."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(path, flags, mode, dir_fd=top)
    with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 (a descriptor, not a path)
        file.write(content)


def beside(folder: Path, key: str, *, prefix: str = BUILDING) -> Path:
    """Return a new name in ``folder`` under which ``key`` can be built, or put aside."""
    return folder / f"{prefix}{key}.{secrets.token_hex(4)}"


def quarantine(folder: Path, key: str) -> Path | None:
    """Put ``folder/key`` aside, if it exists, so that nothing finds it; return where."""
    aside = beside(folder, key, prefix=QUARANTINE)
    try:
        (folder / key).rename(aside)
    except FileNotFoundError:
        return None
    return aside


def put_in_place(built: Path, final: Path) -> None:
    """Rename ``built`` to ``final``; what was there goes into quarantine.

    Whoever opens ``final`` meanwhile finds the one or the other, where the system can swap two
    names (renameat2(2)); elsewhere there is none for some microseconds.
    """
    if os.path.lexists(final) and _swapped(built, final):
        built.rename(beside(final.parent, final.name, prefix=QUARANTINE))
    else:
        quarantine(final.parent, final.name)
        built.rename(final)


_AT_FDCWD = -100  # <fcntl.h>
_RENAME_EXCHANGE = 2  # <linux/fs.h>


def _swapped(one: Path, other: Path) -> bool:
    """Swap two names at once; False where this system, or this file system, cannot."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)  # Linux
    if renameat2 is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)


def sweep_beside(folder: Path, *, in_use: Container[str] = ()) -> list[str]:
    """Remove what earlier processes left unfinished or in quarantine; return the names.

    What some process is building at this moment is left alone: its lock is held; and so is what
    is in quarantine under a key ``in_use``.
    """
    removed = []
    for path in sorted(folder.glob(".*")):
        prefix = next((p for p in (BUILDING, QUARANTINE) if path.name.startswith(p)), None)
        if prefix is None:
            continue
        key = path.name.removeprefix(prefix).rpartition(".")[0]
        if prefix == QUARANTINE and key in in_use:
            continue
        with key_lock(folder, key, wait=False) as held:
            if held:
                remove_tree(path)
                removed.append(path.name)
    return removed


def remove_tree(path: Path) -> None:
    """Remove ``path`` with all below it, read-only directories included; absent is fine."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)
    shutil.rmtree(path)


def write_durably(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write ``path`` so that after a crash it is whole or absent, never half-made.

    It survives a power cut once this returns; ``mode`` holds from the first moment.
    """
    with appearing(path, beside=beside(path.parent, path.name)) as partial:
        write_synced(partial, content, mode=mode)
    sync_directory(path.parent)


def write_over(path: Path, secret: bytes) -> None:
    """Write ``secret`` in the place of one of its length: the file stays the one that it was.

    Whoever hides files from others does so by the file, or by its name: another file under that
    name is not hidden from who runs already. Where there is none it is made, for its owner alone.
    So short a piece of one block is on the disk whole or not at all.
    """
    if path.is_symlink() or not path.is_file() or path.stat().st_size != len(secret):
        write_durably(path, secret, mode=0o600)
        return
    with path.open("r+b", buffering=0) as file:
        file.write(secret)
        os.fsync(file.fileno())


def write_synced(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write the new file ``path`` and make its content durable; its name may be lost yet."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with open(os.open(path, flags, mode), "wb") as file:  # noqa: PTH123 (a descriptor)
        file.write(content)
        sync_file(file)


def sync_file(file: IO[bytes]) -> None:
    """Make what was written to ``file`` durable."""
    file.flush()
    os.fsync(file.fileno())


def sync_all(paths: Collection[Path]) -> None:
    """Make files, or the names in folders, durable; ``paths`` are on one file system.

    Many are not flushed one by one, each of which waits for the disk, but with all else that
    the file system has (syncfs(2)): 20,000 files in a second, not in a minute.
    """
    if len(paths) >= _MANY and _synced_file_system(next(iter(paths)).parent):
        return
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_MANY = 16


def _synced_file_system(folder: Path) -> bool:
    """Flush the file system of ``folder``; False where this system cannot, or it failed."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)  # Linux
    if syncfs is None:
        return False
    with opened(folder) as descriptor:
        return bool(syncfs(descriptor) == 0)


def sync_directory(path: Path) -> None:
    """Make the names in ``path`` durable: a rename alone may be lost by a power cut."""
    with opened(path) as descriptor:
        os.fsync(descriptor)
