"""The folder that a pilot's worker has on its node, below the one there for temporary files.

Parsl and Slurm end workers by signals, after which nothing of a worker runs: so what ended ones
have left goes when the next worker of the same user begins there. A worker holds the lock of its
folder for as long as it lives, which the kernel gives back however it ends.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from park_server import untrusted

__all__ = ["PREFIX", "worker_folder"]

PREFIX = "park-pilot-"
_LOCK = "alive"


def worker_folder() -> Path:
    """Make the folder of this process, and remove those of workers that are gone."""
    beside = Path(tempfile.gettempdir())
    for folder in beside.glob(f"{PREFIX}*"):
        with suppress(OSError):  # of another user, or another worker was faster
            _remove_unless_alive(folder)
    made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}"))
    _hold(made / _LOCK, os.O_CREAT)  # and never let go
    return made.rename(made.with_name(made.name.removeprefix(".")))  # locked before it is seen


def _remove_unless_alive(folder: Path) -> None:
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        return
    lock = _hold(folder / _LOCK)
    try:
        untrusted.remove_if_possible(folder)
    finally:
        os.close(lock)


def _hold(path: Path, flags: int = 0) -> int:
    """Lock ``path``; raise `OSError` where another process has, or it is not there yet."""
    lock = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock
