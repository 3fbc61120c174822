"""The driver of a service's pilots, as the service sees it: started, found again, talked to."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from park.runtime.lines import LineSocket
from park_server.jobs.engines.fork_server_client import connect, listening

__all__ = ["IDLE_S", "DriverLink", "DriverSettings", "found", "spawned"]

IDLE_S = 300.0
"""How long a driver waits for a service that was killed."""

_LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND


@dataclass(frozen=True, kw_only=True, slots=True)
class DriverSettings:
    """How pilots are got: by the operator's ``config`` of Parsl, or here with ``workers``."""

    config: Path | None
    workers: int


def found(folder: Path) -> socket.socket | None:
    """Return a connection to the driver that listens in ``folder``; None where none does."""
    return connect(folder)


def spawned(folder: Path, settings: DriverSettings) -> socket.socket:
    """Start a driver in ``folder``, in a session of its own; return a connection to it.

    What is sent waits in its socket while it imports Parsl, which takes seconds. Raises `OSError`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    told = {
        "config": None if settings.config is None else str(settings.config),
        "workers": settings.workers,
        "run_dir": str(folder / "parsl"),
        "idle_s": IDLE_S,
    }
    program = [sys.executable, "-m", "park_server.pilots.driver", json.dumps(told)]
    with listening(folder) as listener:
        connection = connect(folder)
        if connection is None:
            raise ConnectionError(f"cannot connect to the socket in {folder}")
        os.posix_spawn(
            program[0],
            program,
            dict(os.environ),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, listener.fileno(), 0),
                (os.POSIX_SPAWN_OPEN, 1, str(folder / "log"), _LOG_FLAGS, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
    return connection


@dataclass(kw_only=True, eq=False)
class DriverLink:
    """A connection to the driver in ``folder``. ``hello`` resolves to its first line, or None."""

    folder: Path
    line: LineSocket
    on_message: Callable[[dict[str, Any]], None]
    on_gone: Callable[[DriverLink], None]
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

    def send(self, message: dict[str, Any]) -> None:
        """Send a line; where the driver is gone, `on_gone` has followed, or will."""
        if self.is_open:
            self.line.send(message)
            if self.line.has_output:
                loop = asyncio.get_running_loop()
                loop.add_writer(self.line.connection.fileno(), self._writable)

    def last_words(self) -> str:
        """Return the last line that the driver wrote."""
        try:
            lines = (self.folder / "log").read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")

    def _writable(self) -> None:
        if not self.line.flush() or not self.line.has_output:
            asyncio.get_running_loop().remove_writer(self.line.connection.fileno())

    def _readable(self) -> None:
        messages = self.line.receive()
        if messages is None:
            self.close()
            self.on_gone(self)
            return
        for message in messages:
            if message["event"] == "hello" and not self.hello.done():
                self.hello.set_result(message)
            else:
                self.on_message(message)

    def close(self) -> None:
        """Hang up; the driver goes on."""
        if not self.hello.done():
            self.hello.set_result(None)
        if self.is_open:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self.line.connection.fileno())
            loop.remove_writer(self.line.connection.fileno())
            self.line.close()
