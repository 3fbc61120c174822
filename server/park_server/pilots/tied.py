"""``python -m park_server.pilots.tied PROGRAM…``: becomes it, and ends when its parent does.

Parsl's interchange would otherwise stay for ever when what started it is killed; its pilots go by
themselves once they miss it.
"""

from __future__ import annotations

import os
import signal
import sys

from park.runtime.cage.kernel import prctl

__all__ = ["command", "end_with_parent"]

_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def command(*program: str) -> list[str]:
    """Return what runs ``program`` so."""
    return [sys.executable, "-m", "park_server.pilots.tied", str(os.getpid()), *program]


def end_with_parent(parent: int) -> None:
    """Have this process end when its ``parent`` does; it ends now where that is gone already."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def main() -> None:
    """Become the program, unless the parent is gone already."""
    parent, *program = sys.argv[1:]
    end_with_parent(int(parent))
    os.execvp(program[0], program)  # noqa: S606 (no shell)


if __name__ == "__main__":
    main()
