"""Covers: folders and files that are empty in the mounts of this process and its children.

In a mount namespace of its own (see `park.runtime.protect`). What is in a covered folder can
be shown again, piece by piece. A cover holds for as long as nobody there may unmount.
"""

from __future__ import annotations

import os
import stat

from ..protect import mount  # noqa: TID252 (named otherwise in environments)

__all__ = ["cover", "cover_all_but", "hide", "let_through", "show_below"]

# <sys/mount.h>
_MS_RDONLY = 1
_MS_NOSUID = 2
_MS_REMOUNT = 32
_MS_BIND = 4096
_MS_REC = 16384

_EMPTY = ".empty"


def cover_all_but(folder: str, kept: list[str]) -> None:
    """Cover what is in ``folder`` now, but for the names ``kept``. Raises `OSError`."""
    names = sorted(set(os.listdir(folder)) - set(kept))  # noqa: PTH208 (no Path here)
    cover([f"{folder}/{name}" for name in names])


def hide(folder: str, kept: list[str], shown: list[str]) -> None:
    """Have ``folder`` hold the names ``kept`` and what is ``shown`` below it, and nothing else.

    Also nothing that comes there later: what is not there yet cannot be covered by itself, and may
    be the key or the journal that is written next. Nothing new can be made in it. Raises `OSError`.
    """
    paths = [*(f"{folder}/{name}" for name in kept), *(p for p in shown if _is_below(p, [folder]))]
    _cover_folder(folder, [path for path in paths if os.path.exists(path)])  # noqa: PTH110


def cover(paths: list[str], shown: list[str] | None = None) -> None:
    """Have each of ``paths`` be empty and read-only, but for what is ``shown`` of folders.

    A link is left: where it leads to is none of this. Raises `OSError`.
    """
    modes = {path: os.lstat(path).st_mode for path in paths if os.path.lexists(path)}
    files = [path for path, mode in modes.items() if not stat.S_ISDIR(mode) | stat.S_ISLNK(mode)]
    empty = None
    for path, mode in modes.items():
        if stat.S_ISDIR(mode):
            here = [each for each in shown or [] if _is_below(each, [path])]
            empty = _cover_folder(path, here)
    for path in files:
        try:
            mount(empty or "/dev/null", path, _MS_BIND)
        except FileNotFoundError:  # it went in between, as the files of a database do
            continue
        mount(None, path, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID)


def let_through(paths: list[str]) -> None:
    """Have everybody get to ``paths``: what leads there and is closed to others shows these alone.

    Nothing where this process is not root's, whom no mode stops. Raises `OSError`.
    """
    if os.geteuid() == 0:
        there = [os.path.realpath(path) for path in paths]
        closed = {top for path in there if (top := _closed_above(path)) is not None}
        cover(sorted(closed), there)


def _closed_above(path: str) -> str | None:
    """Return the topmost folder above ``path`` that others cannot pass."""
    names = path.split("/")[1:-1]
    above = ["/" + "/".join(names[: end + 1]) for end in range(len(names))]
    modes = ((each, os.stat(each).st_mode) for each in above)  # noqa: PTH116 (no Path here)
    return next((each for each, mode in modes if not mode & stat.S_IXOTH), None)


def show_below(path: str, folder: str, shown: list[str]) -> None:
    """Have ``folder`` be at ``path``, with what is ``shown`` below it left. Raises `OSError`."""
    here = [each for each in shown if _is_below(each, [path])]
    held = [(each, os.open(each, os.O_PATH | os.O_CLOEXEC)) for each in here]
    try:
        mount(folder, path, _MS_BIND)
        for each, descriptor in held:
            _place_for(each, descriptor)
            mount(f"/proc/self/fd/{descriptor}", each, _MS_BIND | _MS_REC)
    finally:
        for _, descriptor in held:
            os.close(descriptor)


def _cover_folder(path: str, shown: list[str]) -> str:
    """Cover one folder; return an empty file that is there."""
    held = [(each, os.open(each, os.O_PATH | os.O_CLOEXEC)) for each in shown]
    try:
        mount("park", path, _MS_NOSUID, "tmpfs", "mode=755,size=64k,nr_inodes=4k")
        os.close(os.open(f"{path}/{_EMPTY}", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))
        for each, descriptor in held:
            _place_for(each, descriptor)
            mount(f"/proc/self/fd/{descriptor}", each, _MS_BIND | _MS_REC)
        mount("park", path, _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID, "tmpfs")
    finally:
        for _, descriptor in held:
            os.close(descriptor)
    return f"{path}/{_EMPTY}"


def _place_for(path: str, descriptor: int) -> None:
    """Make what can be mounted on: a folder for a folder, else a file."""
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.makedirs(path, exist_ok=True)  # noqa: PTH103 (no Path here)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))


def _is_below(path: str, folders: list[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)
