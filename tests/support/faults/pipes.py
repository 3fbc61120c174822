"""Named pipes between a test and a job: what happens when is the test's decision."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING, Self

from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Pipe", "wait_for_exit"]


class Pipe:
    """A fifo that the test holds open at both ends, so that nobody's opening it ever waits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def __str__(self) -> str:
        return str(self.path)

    def send(self, line: str) -> None:
        """Write a line; it stays in the pipe until somebody reads it."""
        os.write(self._descriptor, f"{line}\n".encode())

    def receive(self) -> str:
        """Wait for a line and return it."""
        readable, _, _ = select.select([self._descriptor], [], [], LIMIT_S)
        assert readable, f"nothing came through {self.path}"
        return os.read(self._descriptor, 4096).decode().strip()


def wait_for_exit(pid: int) -> None:
    """Wait until the process ``pid``, which need not be a child, has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([descriptor], [], [], LIMIT_S)
        assert ended, f"process {pid} has not ended"
    finally:
        os.close(descriptor)
