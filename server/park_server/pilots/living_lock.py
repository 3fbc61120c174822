"""A lock between processes that one which is killed does not keep: the kernel gives it back.

Of the workers of a pilot that have nothing to do, one always holds the lock of the queue of tasks,
while it waits for the next one. That of `multiprocessing` is a semaphore: whoever is killed with it
keeps it for good, and its pilot goes on telling that it is well, and runs nothing any more.
"""

from __future__ import annotations

import fcntl
import os
from multiprocessing.queues import Queue
from typing import Any

__all__ = ["LivingLock", "give_to_queues"]


class LivingLock:
    """A lock of a file (flock(2)) that lies nowhere, for one thread of each process.

    Others than the one that has made it open it there, while that lives. It takes what
    `multiprocessing.Lock` takes, but that ``timeout`` ends no wait: whoever has it waits no longer
    than that for a task.
    """

    def __init__(self) -> None:
        self._descriptor: int | None = os.memfd_create("park-pilot-lock")
        self._path = f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def __getstate__(self) -> str:
        return self._path

    def __setstate__(self, path: str) -> None:
        self._path = path
        self._descriptor = None

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002 (that of `multiprocessing.Lock`)
        """Take it; False where it is taken, and is not to be waited for."""
        del timeout
        if self._descriptor is None:  # each process has to open it: a copy would be the same owner
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give it back."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def give_to_queues() -> None:
    """Have each queue that this process makes from now on use such locks."""
    make = Queue.__init__

    def made(queue: Any, *arguments: Any, **more: Any) -> None:
        make(queue, *arguments, **more)
        queue._rlock, queue._wlock = LivingLock(), LivingLock()  # noqa: SLF001 (there is no other way in)

    Queue.__init__ = made  # type: ignore[method-assign,assignment]
