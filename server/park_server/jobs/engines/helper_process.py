"""A process that a service starts beside itself, and that outlives it: by the socket in a folder.

Fork servers are such, and the driver of pilots. The socket is made here and handed over, so that
messages can be sent at once, and wait in it while the process imports what it takes.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from park.runtime.lines import LineSocket
from park_server.sockets.in_folder import listening, short
from park_server.untrusted import remove_if_possible

__all__ = ["HelperLink", "connect", "last_line", "make_folder", "started"]

_BACKLOG = 8
_LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND


def make_folder(folder: Path) -> None:
    """Make ``folder`` anew, for the user of this process alone."""
    remove_if_possible(folder)
    folder.mkdir(parents=True, mode=0o700)


def started(
    folder: Path, command: Sequence[str], variables: Mapping[str, str]
) -> tuple[int, socket.socket]:
    """Start ``command`` in a session of its own; return its pid and a connection to it.

    The listening socket in ``folder`` is its standard input, the file ``log`` there what it
    writes. Raises `OSError`.
    """
    with listening(folder, _BACKLOG) as listener:
        connection = connect(folder)
        if connection is None:
            raise ConnectionError(f"cannot connect to the socket in {folder}")
        try:
            pid = os.posix_spawn(
                command[0],
                list(command),
                dict(variables),
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, listener.fileno(), 0),
                    (os.POSIX_SPAWN_OPEN, 1, str(folder / "log"), _LOG_FLAGS, 0o600),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
            )
        except OSError:
            connection.close()
            raise
    return pid, connection


def connect(folder: Path) -> socket.socket | None:
    """Connect to the process of ``folder``; None where none listens any more, or takes nobody.

    One that hangs while others wait to be taken would hold whoever connects for good.
    """
    connection = socket.socket(socket.AF_UNIX)
    connection.setblocking(False)
    try:
        with short(folder) as path:
            connection.connect(path)
    except OSError:
        connection.close()
        return None
    return connection


def last_line(log: Path) -> str | None:
    """Return the last line of ``log`` that says something; None where none does."""
    try:
        lines = log.read_text(errors="replace").split("\n")
    except OSError:
        return None
    return next((line for line in reversed(lines) if line.strip()), None)


@dataclass(kw_only=True, eq=False)
class HelperLink:
    """A connection to the process of ``folder``.

    ``hello`` resolves to its first line, or to None where it went away before.
    """

    folder: Path
    line: LineSocket
    hello: asyncio.Future[dict[str, Any] | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""
        return self.line.connection.fileno() >= 0

    def open(self) -> None:
        """Begin to listen."""
        asyncio.get_running_loop().add_reader(self.line.connection.fileno(), self._readable)

    def send(self, **message: Any) -> None:
        """Send a line; where the process is gone, that has been told, or will be."""
        if not self.is_open:
            return
        self.line.send(message)
        if self.line.has_output:
            loop = asyncio.get_running_loop()
            loop.add_writer(self.line.connection.fileno(), self._writable)

    def close(self) -> None:
        """Hang up; the process goes on."""
        if not self.hello.done():
            self.hello.set_result(None)
        if self.is_open:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self.line.connection.fileno())
            loop.remove_writer(self.line.connection.fileno())
            self.line.close()

    # -- what happens

    def _heard(self, message: dict[str, Any]) -> None:
        """Take a line; the first one is the hello."""
        raise NotImplementedError

    def _went(self) -> None:
        """Take note that the process has gone, and the connection is closed."""
        raise NotImplementedError

    def _writable(self) -> None:
        if not self.line.flush() or not self.line.has_output:
            asyncio.get_running_loop().remove_writer(self.line.connection.fileno())

    def _readable(self) -> None:
        messages = self.line.receive()
        if messages is None:
            self.close()
            self._went()
            return
        for message in messages:
            if message.get("event") == "hello" and not self.hello.done():
                self.hello.set_result(message)
            self._heard(message)
