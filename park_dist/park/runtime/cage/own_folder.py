"""Of the folders of jobs, a job sees its own: prepared ahead, before anybody knows whose it is.

In mounts and a user namespace of its own, which also keeps jobs from tracing one another. The
user keeps his number there.
"""

from __future__ import annotations

import os
from functools import cache

from ..protect import enter_user_namespace, mount  # noqa: TID252 (named otherwise in environments)
from . import landlock, system_calls
from .privileges import bound_to, gain_nothing, keep_only

__all__ = ["OwnFolder", "look_ahead", "prepare"]

_MS_NOSUID = 2
_MS_BIND = 4096


class OwnFolder:
    """A process in which the folder of jobs is covered already."""

    def __init__(self, jobs: str) -> None:
        """Cover ``jobs``; raises `OSError`, and then the process is good for nothing."""
        self._jobs = jobs
        enter_user_namespace(os.geteuid(), os.getegid())
        self._below = os.open(jobs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        mount("park", jobs, _MS_NOSUID, "tmpfs", "mode=755,size=16k,nr_inodes=8")
        self._has_domains, self._refused = look_ahead()
        bound_to(None)
        gain_nothing()

    def open(self, directory: str) -> None:
        """Show the folder ``directory`` at its place, give up all else; raises `OSError`.

        One that is none of the jobs' is where it always was.
        """
        above, _, name = directory.rpartition("/")
        if above == self._jobs:
            os.mkdir(directory)  # noqa: PTH102 (no Path in a forked child)
            mount(f"/proc/self/fd/{self._below}/{name}", directory, _MS_BIND)
        os.close(self._below)
        keep_only(None)
        if self._has_domains:
            landlock.enter_domain()
        system_calls.refuse(self._refused)


@cache
def look_ahead() -> tuple[bool, system_calls.Filter | None]:
    """Return whether there are domains here, and what refuses calls of the system.

    A fork server asks before its first fork: it is the same for all of its children, and takes
    one of them a tenth of a millisecond.
    """
    code = None
    if system_calls.is_available():
        code = system_calls.program(system_calls.NAMESPACES)
    return landlock.is_available(), None if code is None else system_calls.Filter(code)


def prepare(jobs: str | None) -> OwnFolder | None:
    """Return what opens a job's folder alone; None where that is not wanted."""
    return None if jobs is None else OwnFolder(jobs)
