"""The driver of a service's pilots, as the service sees it: started, found again, talked to."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from park_server.jobs.engines.helper_process import (
    HelperLink,
    connect,
    last_line,
    make_folder,
    started,
)

__all__ = ["IDLE_S", "DriverLink", "DriverSettings", "found", "spawned"]

IDLE_S = 300.0
"""How long a driver waits for a service that was killed."""


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
    make_folder(folder)
    told = {
        "config": None if settings.config is None else str(settings.config),
        "workers": settings.workers,
        "run_dir": str(folder / "parsl"),
        "idle_s": IDLE_S,
    }
    program = [sys.executable, "-m", "park_server.pilots.driver", json.dumps(told)]
    return started(folder, program, os.environ)[1]


@dataclass(kw_only=True, eq=False)
class DriverLink(HelperLink):
    """A connection to the driver in ``folder``."""

    on_message: Callable[[dict[str, Any]], None]
    on_gone: Callable[[DriverLink], None]

    def last_words(self) -> str:
        """Return the last line that the driver wrote."""
        return last_line(self.folder / "log") or "it said nothing"

    def _heard(self, message: dict[str, Any]) -> None:
        if message["event"] != "hello":
            self.on_message(message)

    def _went(self) -> None:
        self.on_gone(self)
