"""``python -m park_server.pilots.tied PROGRAM…``: becomes it, and ends when its parent does.

Parsl's interchange would otherwise stay for ever when what started it is killed; its pilots go by
themselves once they miss it.
"""

from __future__ import annotations

import os
import signal
import sys

from park.runtime.cage.kernel import prctl

__all__ = ["command"]

_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def command(*program: str) -> list[str]:
    """Return what runs ``program`` so."""
    return [sys.executable, "-m", "park_server.pilots.tied", str(os.getpid()), *program]


def main() -> None:
    """Become the program, unless the parent is gone already."""
    parent, *program = sys.argv[1:]
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(parent):
        os.execvp(program[0], program)  # noqa: S606 (no shell)


if __name__ == "__main__":
    main()
