"""Folders that somebody else writes to, read without trust.

Below a folder of ours each step opens the next one from the descriptor of the one before and
follows no link (openat(2) with O_NOFOLLOW), so between a look and its use there is nothing to
race for. What was opened is looked at by its descriptor, so nothing that is swapped meanwhile is
read; no pipe is waited for, and no more is read than was agreed.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from park_server.json_pieces import loads

__all__ = [
    "Found",
    "Making",
    "NotPlain",
    "TooMuch",
    "Tree",
    "below",
    "folder",
    "open_plain",
    "opened",
    "read_json",
    "remove",
    "remove_if_possible",
]

_OURS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FOLDER = _OURS | os.O_NOFOLLOW
# without O_NONBLOCK a named pipe would keep the opener waiting for a writer
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


class NotPlain(Exception):
    """It is no plain file that may be read; the text says what it is: ``a symbolic link``."""


class TooMuch(Exception):
    """There is more than was agreed; the text says of what."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Making:
    """How folders are made: their ``mode``, and user and group id of their ``owner`` (None: us)."""

    mode: int = 0o700
    owner: tuple[int, int] | None = None


def _made(name: str, inside: int | None, making: Making) -> int | None:
    """Return a descriptor of the folder that was made; None where there is something already."""
    try:
        os.mkdir(name, making.mode, dir_fd=inside)
    except FileExistsError:
        return None
    made = os.open(name, _FOLDER, dir_fd=inside)
    if making.owner is not None:
        os.fchown(made, *making.owner)
    return made


@contextmanager
def folder(base: Path | str, parts: Sequence[str], *, make: bool | Making = False) -> Iterator[int]:
    """Give a descriptor of the folder ``parts`` below ``base``; ``make`` makes what is absent.

    Raises `OSError`: `FileNotFoundError`, or `NotADirectoryError` for a link or a file.
    """
    inside = _entered(base, parts, make=make)
    try:
        yield inside
    finally:
        os.close(inside)


def _entered(base: Path | str, parts: Sequence[str], *, make: bool | Making = False) -> int:
    """Return the descriptor that `folder` gives; the caller closes it.

    A context manager inside another one takes longer than what they do.
    """
    top = _first(base, parts[0], make=make) if parts else os.open(base, _OURS)
    return _down_from(top, parts[1:], make=make)


def _first(base: Path | str, part: str, *, make: bool | Making) -> int:
    """Return a descriptor of the folder ``part`` of ``base``, which nobody else can swap."""
    making, path = Making() if make is True else make, f"{base}/{part}"
    made = _made(path, None, making) if making else None
    return os.open(path, _FOLDER) if made is None else made


@contextmanager
def below(top: int, parts: Sequence[str], *, make: bool | Making = False) -> Iterator[int]:
    """Give a descriptor of the folder ``parts`` below the open folder ``top``, as `folder` does."""
    inside = _down_from(os.dup(top), parts, make=make)
    try:
        yield inside
    finally:
        os.close(inside)


def _down_from(descriptor: int, parts: Sequence[str], *, make: bool | Making) -> int:
    """Return a descriptor of the folder ``parts`` below ``descriptor``, which is closed."""
    making = Making() if make is True else make
    for part in parts:
        try:
            inner = _made(part, descriptor, making) if making else None
            if inner is None:
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


def open_plain(name: str, inside: int, flags: int = os.O_RDONLY, *, names: int = 1) -> int:
    """Return a descriptor of the file ``name`` in the open folder ``inside``; the caller closes it.

    ``names`` is how many names the file may have: one more may be in a place that is not its
    writer's to show. Raises `NotPlain`, and `OSError` where it cannot be opened.
    """
    if not flags & os.O_CREAT:  # even to open a device may set it in motion
        _require_plain(os.stat(name, dir_fd=inside, follow_symlinks=False), names)
    try:
        descriptor = os.open(name, flags | _FILE, 0o644, dir_fd=inside)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            raise NotPlain("no regular file") from error
        raise
    try:
        _require_plain(os.fstat(descriptor), names)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def opened(base: Path | str, parts: Sequence[str], flags: int = os.O_RDONLY) -> Iterator[int]:
    """Give a descriptor of the plain file ``parts`` below ``base``; raises as `open_plain`.

    A folder on the way that is none is not plain, either.
    """
    try:
        inside = _entered(base, parts[:-1])
        try:
            descriptor = open_plain(parts[-1], inside, flags)
        finally:
            os.close(inside)
    except NotADirectoryError as error:
        raise NotPlain("in a folder that is none, or a link") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _require_plain(status: os.stat_result, names: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotPlain(_KINDS.get(stat.S_IFMT(status.st_mode), "no regular file"))
    if status.st_nlink > names:
        raise NotPlain("a hard link to a file that is elsewhere, too")
    # root's own jobs may give their files to anybody, as tar does
    if status.st_uid != os.geteuid() and os.geteuid() != 0:
        raise NotPlain(f"a file of another user ({status.st_uid})")


def read_json(base: Path | str, parts: Sequence[str], limit: int) -> dict[str, Any] | None:
    """Return the JSON object in a file of up to ``limit`` bytes; None where there is no file.

    Raises `NotPlain` for anything else, and says what it is.
    """
    try:
        with opened(base, parts) as descriptor:
            size = os.fstat(descriptor).st_size
            if size > limit:
                raise NotPlain(f"larger than {limit:,} bytes")
            data = _read(descriptor, size)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotPlain(f"not to be read: {error.strerror}") from error
    try:
        record = loads(data)
    except RecursionError as error:
        raise NotPlain("nested too deeply") from error
    except ValueError as error:
        raise NotPlain("not JSON") from error
    if not isinstance(record, dict):
        raise NotPlain("no JSON object")
    return record


def _read(descriptor: int, size: int) -> bytes:
    """Return up to ``size`` bytes; a file object asks the system six more things."""
    data = os.read(descriptor, size)
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return data


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What was found in a tree and is no folder: ``name`` in the open folder ``inside``.

    ``path`` is its path below the top, with ``/``. Bytes of a name that are no UTF-8 are
    surrogates (PEP 383), as everywhere in Python.
    """

    inside: int
    name: str
    path: str


class Tree:
    """What is below the open folder ``top``: up to ``most`` files, in folders ``deepest`` deep."""

    def __init__(self, top: int, *, most: int, deepest: int) -> None:
        self._top = top
        self._most = most
        self._deepest = deepest
        self._left = most
        self._names: Counter[tuple[int, int]] | None = None

    def __iter__(self) -> Iterator[Found]:
        """Yield all that is no folder, by name; raises `TooMuch`.

        The folder of each is open until the next is asked for.
        """
        self._left = self._most
        return self._below(self._top, "", 0)

    def open(self, found: Found) -> int:
        """Return a descriptor of what was found, as `open_plain` does.

        Several names of one file may be in the tree, if all of its names are.
        """
        status = os.stat(found.name, dir_fd=found.inside, follow_symlinks=False)
        if status.st_nlink == 1 or not stat.S_ISREG(status.st_mode):
            return open_plain(found.name, found.inside)
        if self._names is None:
            self._names = self._counted()
        here = self._names[status.st_dev, status.st_ino]
        return open_plain(found.name, found.inside, names=max(1, here))

    def _counted(self) -> Counter[tuple[int, int]]:
        """Return how many names in the tree each file has."""
        names: Counter[tuple[int, int]] = Counter()
        for found in Tree(self._top, most=self._most, deepest=self._deepest):
            with suppress(OSError):
                status = os.stat(found.name, dir_fd=found.inside, follow_symlinks=False)
                names[status.st_dev, status.st_ino] += 1
        return names

    def _below(self, inside: int, prefix: str, depth: int) -> Iterator[Found]:
        if depth > self._deepest:
            raise TooMuch(f"folders more than {self._deepest} deep")
        for name, is_folder in self._listed(inside):
            if is_folder:
                with suppress(FileNotFoundError):
                    yield from self._in_folder(inside, name, prefix, depth)
            else:
                yield Found(inside=inside, name=name, path=prefix + name)

    def _in_folder(self, inside: int, name: str, prefix: str, depth: int) -> Iterator[Found]:
        try:
            inner = os.open(name, _FOLDER, dir_fd=inside)
        except (NotADirectoryError, PermissionError):  # whoever opens it hears what it is
            yield Found(inside=inside, name=name, path=prefix + name)
            return
        try:
            yield from self._below(inner, f"{prefix}{name}/", depth + 1)
        finally:
            os.close(inner)

    def _listed(self, inside: int) -> list[tuple[str, bool]]:
        """Return name and whether it is a folder of all in an open folder, by name."""
        with os.scandir(inside) as entries:
            listed = [
                (entry.name, entry.is_dir(follow_symlinks=False))
                for entry in islice(entries, self._left + 1)
            ]
        self._left -= len(listed)
        if self._left < 0:
            raise TooMuch(f"more than {self._most:,} files and folders")
        return sorted(listed)


def remove(name: str, inside: int) -> None:
    """Remove a file, or a folder with all below it, however deep; absent is fine.

    Folders in it are first moved up, so that neither descriptors nor calls pile up. Raises
    `OSError`.
    """
    try:
        os.unlink(name, dir_fd=inside)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        with suppress(OSError):  # most folders are empty: nothing is opened for those
            os.rmdir(name, dir_fd=inside)
            return
        _remove_folder(name, inside)


def remove_if_possible(path: Path) -> None:
    """Remove what is at ``path`` in a folder of ours, as `remove` does; what resists stays.

    `shutil.rmtree` waits for ever at a named pipe, and gives up at folders that are deep.
    """
    with suppress(OSError), folder(path.parent, []) as inside:
        remove(path.name, inside)


def _remove_folder(name: str, inside: int) -> None:
    waiting = [name]
    while waiting:
        outer = waiting.pop()
        _let_in(outer, inside)
        descriptor = os.open(outer, _FOLDER, dir_fd=inside)
        try:
            waiting += _emptied(descriptor, inside)
        finally:
            os.close(descriptor)
        os.rmdir(outer, dir_fd=inside)


def _let_in(name: str, inside: int) -> None:
    """Let this process read and change a folder, whatever mode its owner gave it."""
    path = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=inside)
    try:
        with suppress(OSError):
            os.chmod(f"/proc/self/fd/{path}", 0o700)  # noqa: PTH101 (a descriptor)
    finally:
        os.close(path)


def _emptied(descriptor: int, inside: int) -> list[str]:
    """Empty an open folder: files go, folders move into ``inside``, under the names returned."""
    moved: list[str] = []
    while True:
        with os.scandir(descriptor) as entries:
            block = [(it.name, it.is_dir(follow_symlinks=False)) for it in islice(entries, _BLOCK)]
        if not block:
            return moved
        for name, is_folder in block:
            if is_folder:
                _let_in(name, descriptor)
                moved.append(f".removed-{secrets.token_hex(8)}")
                os.rename(name, moved[-1], src_dir_fd=descriptor, dst_dir_fd=inside)
            else:
                os.unlink(name, dir_fd=descriptor)


_BLOCK = 10_000
"""Names that are looked at together: a folder may have more than memory holds."""
