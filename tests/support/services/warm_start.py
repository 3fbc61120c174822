"""``park serve`` without its imports: forked from a process that has made them.

To import a service takes as long as half a functional test. It is the same program: the same
words, environment, folder and descriptors, in a process of its own that can be killed. What is
tested of the command line's own start (`tests/functional/services/test_serve.py`) is started cold.

Run as a program, it is the process that waits for orders at the socket ``argv[1]``.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, TypedDict

__all__ = ["WarmProcess", "started"]

_MOST_BYTES = 1 << 20


def started(argv: list[str], environ: dict[str, str]) -> subprocess.Popen[str] | WarmProcess:
    """Return ``argv`` as a process; warm where it is a command of this interpreter's park."""
    if argv[:3] == [sys.executable, "-m", "park"]:
        return WarmProcess(argv[3:], environ)
    return subprocess.Popen(
        argv, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


class WarmProcess:
    """``park`` with ``argv`` as a process, in the manner of `subprocess.Popen`."""

    def __init__(self, argv: list[str], environ: dict[str, str]) -> None:
        said, says = os.pipe()
        self._status, tells = os.pipe()
        order = _Order(argv=argv, environ=environ, folder=str(Path.cwd()))
        with _LOCK:
            socket.send_fds(_orders(), [json.dumps(order).encode()], [says, tells])
        os.close(says)
        os.close(tells)
        self.stderr: IO[str] = os.fdopen(said, encoding="utf-8", errors="replace")
        self.pid = int(self._line())
        self._returned: int | None = None

    def _line(self) -> bytes:
        found = b""
        while not found.endswith(b"\n"):
            piece = os.read(self._status, 1)
            if not piece:
                raise ChildProcessError("who waits for the service is gone")
            found += piece
        return found

    def send_signal(self, number: int) -> None:
        """Send it ``number``, where it has not ended."""
        if self._returned is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, limit_s: float) -> int:
        """Return its exit status, negative for a signal; raises `TimeoutError`."""
        if self._returned is None:
            ready, _, _ = select.select([self._status], [], [], limit_s)
            if not ready:
                raise TimeoutError(f"process {self.pid} has not ended after {limit_s} s")
            self._returned = int(self._line())
            os.close(self._status)
        return self._returned


_LOCK = threading.Lock()


@cache
def _orders() -> socket.socket:
    """Return where the process that forks takes orders; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        forking = subprocess.Popen(
            [sys.executable, "-P", __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def end() -> None:
        ours.close()
        forking.wait()

    atexit.register(end)
    return ours


class _Order(TypedDict):
    """What to run: words behind ``park``, environment, and current folder."""

    argv: list[str]
    environ: dict[str, str]
    folder: str


def _take_orders(orders: socket.socket) -> _Order | None:
    """Return what to run, in the process that is to run it; None: nobody orders any more."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, _MOST_BYTES, 2)
        if not message:
            return None
        says, tells = descriptors
        if os.fork() == 0:
            orders.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _run_beside(says, tells)
            os.close(tells)
            return _ready(json.loads(message), says)
        os.close(says)
        os.close(tells)


def _run_beside(says: int, tells: int) -> None:
    """Return in a child; stay here until it has ended, and tell how."""
    pid = os.fork()
    if pid == 0:
        return
    os.close(says)
    os.write(tells, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os.write(tells, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _ready(order: _Order, says: int) -> _Order:
    """Make this process what the one that runs ``order`` is when it starts."""
    os.dup2(says, 2)
    os.close(says)
    os.environ.clear()
    os.environ.update(order["environ"])
    os.chdir(order["folder"])
    sys.path.insert(0, order["folder"])  # as -m has it
    return order


def _main() -> int:
    import gc

    gc.disable()
    import_module("park_server.serve")
    from park.cli.main import main

    gc.freeze()  # as `park serve` does behind its imports
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    order = _take_orders(socket.socket(fileno=int(sys.argv[1])))
    return 0 if order is None else main(order["argv"])


if __name__ == "__main__":
    sys.exit(_main())
