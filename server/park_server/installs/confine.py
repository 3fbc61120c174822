"""Start a command confined: ``python -m park_server.installs.confine LIMITS COMMAND…``.

LIMITS is JSON: ``home`` (a folder of which the command and its children see what is at the paths
``shown``, and nothing else), ``network`` (whether there is one), ``memory_bytes``, and ``words``
(more of `park.runtime.cage.way_in`: the account of a user, and what it reaches). The process
becomes the command, or waits for it where that has processes of its own; it never imports what a
user sent.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from contextlib import suppress

from park.runtime.cage.kernel import libc, prctl
from park.runtime.cage.own_processes import fresh_proc
from park.runtime.cage.way_in import arrange_covers, leave_powers
from park.runtime.protect import arrange_mounts

__all__ = ["main"]

_CLONE_NEWIPC = 0x08000000  # <sched.h>
_CLONE_NEWPID = 0x20000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main(arguments: list[str]) -> None:
    """Confine this process and become the command."""
    limits = json.loads(arguments[0])
    memory: int = limits["memory_bytes"]
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    shown = [f"show={path}" for path in limits["shown"]]
    words = ["alone", f"hide={limits['home']}", *shown, *limits.get("words", ())]

    def arrange() -> bool:
        if not limits["network"]:
            _unshared(_CLONE_NEWNET)
        _unshared(_CLONE_NEWIPC)
        if _unshared(_CLONE_NEWPID):
            _follow_first_process()
        arrange_covers(words)  # those of /proc would be below another one
        return True

    arrange_mounts(arrange)
    os.chdir(os.getcwd())  # noqa: PTH109 (by its name: what it was is under a cover)
    leave_powers(words)
    os.execvp(arguments[1], arguments[1:])  # noqa: S606 (no shell is what is wanted)


def _unshared(flags: int) -> bool:
    """Have a namespace of one's own; tell whether the machine permits it."""
    return bool(libc().unshare(flags) == 0)


def _follow_first_process() -> None:
    """Go on as the first process of a new namespace: with it, all end that it has started.

    This one stays behind, ends as that one does, and takes it along.
    """
    child = os.fork()
    if child:
        os._exit(_exit_status(os.waitpid(child, 0)[1]))
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with suppress(OSError):  # not permitted in this container: what is there goes on to be seen
        fresh_proc()


def _exit_status(wait_status: int) -> int:
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    main(sys.argv[1:])
