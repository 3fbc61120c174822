"""``park`` without its imports: forked by `support.services.forking`, which has made them.

To import a service takes as long as half a functional test, and a command of the client spends
most of its time so. One process that forks is kept for each interpreter, and for each set of the
variables that an interpreter reads when it starts. What is tested of the start itself is started
cold: `tests/functional/services/test_serve.py`, and whatever asks a client for it.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from support.services import forking
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["OF_COMMANDS", "WarmProcess", "ran", "started"]

# each interpreter of the machine is asked once what it is, as long as its file stays the same
_SERVICE = (
    "park.cli.main",
    "park_server.serving.serve",
    "park_server.serving.web",
    "park_server.envs.interpreters:discover",
)

OF_COMMANDS = (
    "encodings.idna",
    "park.build.versioned_tree",
    "park.cards.job_card",
    "park.cli.code.install",
    "park.cli.jobs.each_job",
    "park.cli.jobs.jobs",
    "park.cli.jobs.result",
    "park.cli.jobs.run",
    "park.cli.jobs.status",
    "park.cli.jobs.submit",
    "park.cli.main",
    "park.client.installs.index_memory",
    "park.client.installs.parcel",
    "park.client.installs.target_install",
    "park.client.jobs.kinds.fit_job",
    "park.client.service",
    "park.client.workflows.layers",
    "park.drawing.progress_text",
    "park.drawing.tree",
)
"""What most commands of a client import; a model and what it requires are never among them."""

_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "MALLOC_")
"""How variables begin that an interpreter reads before it runs anything."""

_PIECE = 1 << 16


def started(argv: list[str], environ: dict[str, str]) -> subprocess.Popen[str] | WarmProcess:
    """Return ``argv`` as a process; warm where it is a command of this interpreter's park."""
    if argv[:3] == [sys.executable, "-m", "park"]:
        return WarmProcess(argv[1:], environ)
    return subprocess.Popen(
        argv, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def ran(
    command: Sequence[str | Path], environ: dict[str, str], folder: Path, limit_s: float
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` of a virtualenv to its end, as `subprocess.run` does; warm where it can be.

    It is a script beside the interpreter, as ``park`` is, or that interpreter with a script or
    with ``-c``, and with ``-W error`` or without.
    """
    program, *words = map(str, command)
    python = Path(program).with_name("python")
    if program != str(python):
        words = [program, *words]
    is_strict = words[:2] == ["-W", "error"]
    words = words[2:] if is_strict else words
    if words[0].startswith("-") and words[0] != "-c":
        return subprocess.run(
            command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=limit_s, check=False,
        )  # fmt: skip
    order = forking.Order(is_strict=is_strict, words=words, environ=environ, folder=str(folder))
    said, says = os.pipe()
    complained, complains = os.pipe()
    try:
        begun = _Begun(
            _orders(str(python), OF_COMMANDS, _at_start(environ)), order, says, complains
        )
    finally:
        os.close(says)
        os.close(complains)
    deadline = time.monotonic() + limit_s
    try:
        stdout, stderr = _read(said, complained, deadline)
        status = begun.wait(deadline - time.monotonic())
    except TimeoutError:
        begun.send_signal(signal.SIGKILL)
        begun.wait(LIMIT_S)
        raise
    finally:
        os.close(said)
        os.close(complained)
    return subprocess.CompletedProcess([program, *words], status, stdout, stderr)


def _read(said: int, complained: int, deadline: float) -> list[str]:
    """Return what comes from both, to their ends; raises `TimeoutError`."""
    found: dict[int, list[bytes]] = {said: [], complained: []}
    with selectors.DefaultSelector() as selector:
        for descriptor in found:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(deadline - time.monotonic())
            if not ready:
                raise TimeoutError(f"a command has not ended: {found}")
            for key, _ in ready:
                piece = os.read(key.fd, _PIECE)
                found[key.fd].append(piece)
                if not piece:
                    selector.unregister(key.fd)
    texts = (b"".join(pieces).decode() for pieces in found.values())
    return [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]


class _Begun:
    """A process that runs an order, in the manner of `subprocess.Popen`."""

    def __init__(
        self, orders: socket.socket, order: forking.Order, says: int, complains: int
    ) -> None:
        self._status, tells = os.pipe()
        message = json.dumps(order).encode()
        assert len(message) <= forking.MOST_BYTES
        try:
            socket.send_fds(orders, [message], [tells, says, complains])
        finally:
            os.close(tells)
        self.pid = int(self._line())
        self._returned: int | None = None

    def _line(self) -> bytes:
        found = b""
        while not found.endswith(b"\n"):
            piece = os.read(self._status, 1)
            if not piece:
                raise ChildProcessError("who waits for the process is gone")
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
            ready, _, _ = select.select([self._status], [], [], max(limit_s, 0))
            if not ready:
                raise TimeoutError(f"process {self.pid} has not ended after {limit_s} s")
            self._returned = int(self._line())
            os.close(self._status)
        return self._returned


class WarmProcess(_Begun):
    """A service: this interpreter with ``words``, whose stderr is read while it runs."""

    def __init__(self, words: list[str], environ: dict[str, str]) -> None:
        said, says = os.pipe()
        order = forking.Order(is_strict=False, words=words, environ=environ, folder=str(Path.cwd()))
        try:
            super().__init__(_orders(sys.executable, _SERVICE, _at_start(environ)), order, 1, says)
        finally:
            os.close(says)
        self.stderr: IO[str] = os.fdopen(said, encoding="utf-8", errors="replace")


_At = tuple[tuple[str, str], ...]

_LOCK = threading.Lock()


def _at_start(environ: dict[str, str]) -> _At:
    return tuple(sorted(each for each in environ.items() if each[0].startswith(_READ_AT_START)))


def _orders(python: str, modules: tuple[str, ...], at_start: _At) -> socket.socket:
    """Return where a process takes orders that forks programs of ``python``."""
    with _LOCK:
        return _forking(python, modules, at_start)


@cache
def _forking(python: str, modules: tuple[str, ...], at_start: _At) -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kept = {n: text for n, text in os.environ.items() if not n.startswith(_READ_AT_START)}
    with theirs:
        # its stdout is a pipe, as that of what it forks; nothing is ever written to it
        process = subprocess.Popen(
            [python, "-P", forking.__file__, str(theirs.fileno()), *modules],
            env=kept | dict(at_start), pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip

    def end() -> None:
        ours.close()
        process.communicate()

    atexit.register(end)
    return ours
