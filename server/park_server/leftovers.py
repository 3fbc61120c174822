"""What earlier services and jobs left under a home, and nobody will ask for again.

Copies of the job-side machinery belong to one version of park. They may be in use by jobs that
outlived their service, so none goes while a process names it. Compiled code may go at any time.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from park_repo.durable import remove_tree
from park_server import untrusted

__all__ = ["UNUSED_FOR_S", "forget_compiled", "in_use", "sweep_compiled", "sweep_unused"]

UNUSED_FOR_S = 30 * 86_400.0
"""A month: whoever comes back after a holiday finds what his jobs compiled."""

_PROCESSES = Path("/proc")


def sweep_unused(folder: Path, *, unused_for_s: float = UNUSED_FOR_S) -> list[str]:
    """Remove what is in ``folder`` and unused; return the names, sorted.

    Unused is what was not modified for so many seconds and no process names. Where the
    system does not tell what processes name, nothing is removed.
    """
    before = time.time() - unused_for_s
    old = sorted(name for name in _names(folder) if _modified(folder / name) < before)
    used = in_use(folder) if old else frozenset()
    removed = [name for name in old if used is not None and name not in used]
    for name in removed:
        remove_tree(folder / name)
    return removed


def sweep_compiled(folder: Path, *, unused_for_s: float = UNUSED_FOR_S) -> Iterator[str]:
    """Remove from the folders of users in ``folder`` what no job has looked at for so long.

    Yields the names of what went, one after the other: there may be much of it, and jobs go on
    meanwhile, which compile anew what they miss. What they compile is theirs to change, so no path
    below is followed by name; and what they left there instead, and closed to others, is left.
    """
    before = time.time() - unused_for_s
    for user in _names(folder):
        yield from _removed_from(folder / user, before)
        with suppress(OSError):  # not empty, or no folder
            (folder / user).rmdir()


def forget_compiled(folder: Path) -> None:
    """Remove all that is in a user's ``folder``, which is compiled again where it is missed."""
    for _ in _removed_from(folder, float("inf")):
        pass


def _removed_from(folder: Path, before: float) -> Iterator[str]:
    """Remove what in a user's ``folder`` was last looked at ``before`` a moment; yield its names.

    Each goes at once, by another name: a job that looks finds all of it, or nothing.
    """
    with suppress(OSError), untrusted.folder(folder.parent, [folder.name]) as inside:
        for name in os.listdir(inside):  # noqa: PTH208 (a descriptor)
            with suppress(OSError):  # gone since
                status = os.stat(name, dir_fd=inside, follow_symlinks=False)
                if status.st_mtime < before:
                    aside = f".removed-{secrets.token_hex(8)}"
                    os.rename(name, aside, src_dir_fd=inside, dst_dir_fd=inside)
                    untrusted.remove(aside, inside)
                    yield name


def in_use(folder: Path) -> frozenset[str] | None:
    """Return what below ``folder`` is named by a process that runs; None where none can tell.

    A fork server has the path in its arguments and its environment, and so have its jobs.
    """
    if not (_PROCESSES / "self").exists():
        return None
    below = re.compile(re.escape(os.fsencode(folder)) + rb"/([^/\0]+)")
    return frozenset(os.fsdecode(name) for text in _process_texts() for name in below.findall(text))


def _process_texts() -> Iterator[bytes]:
    """Yield the arguments and the environments of the processes that may be read."""
    for process in _PROCESSES.glob("[0-9]*"):
        for part in ("cmdline", "environ"):
            with suppress(OSError):  # another user's, or one that has just ended
                yield (process / part).read_bytes()


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 (names, not paths)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _modified(path: Path) -> float:
    return path.lstat().st_mtime
