"""``python -m park_server.pilots.tied_pool PROGRAM…``: Parsl's pool, whose processes may be killed.

Besides its workers a pool starts one process of `multiprocessing.managers`, which holds what they
share. Workers see when their pool is gone, and leave; that process looks at nothing, and would stay
on the node for ever after a pool that was killed: by Slurm, for want of memory, or by somebody.
And a worker that is killed while it waits for a task keeps none of the others from having one.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable
from multiprocessing.managers import SyncManager

from park_server.pilots.living_lock import give_to_queues
from park_server.pilots.tied import end_with_parent

__all__ = ["command"]


def command(program: str) -> list[str]:
    """Return what runs ``program``, a script of Python, so; its arguments follow."""
    # -P: no folder that a pilot happens to start in is one of modules
    return [sys.executable, "-P", "-m", "park_server.pilots.tied_pool", program]


def main() -> None:
    """Become the program; each manager that it starts ends when this process does."""
    del sys.argv[0]
    start: Callable[..., None] = SyncManager.start

    def tied(manager: SyncManager) -> None:
        start(manager, end_with_parent, (os.getpid(),))

    give_to_queues()
    SyncManager.start = tied  # type: ignore[assignment, method-assign]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
