"""Start a service: take its home, ask the machine what must be known, and load the rest meanwhile.

What is imported here is little, so that a home that is taken is told at once, and the processes
that try the machine run while the other imports take their second.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

from filelock import BaseFileLock

from park_server.assembly.ahead import Asked, asked_ahead
from park_server.assembly.start_stages import Stages
from park_server.home import Home
from park_server.settings import Settings

__all__ = ["Serve", "Take", "start"]

Serve = Callable[[Settings, Home, Asked, Stages], None]

Take = Callable[[Home], BaseFileLock]
"""What takes a home; it may wait for that."""


def start(
    settings: Settings, stages: Stages, load: Callable[[], Serve], take: Take = Home.lock
) -> None:
    """Serve until SIGTERM or SIGINT, by what ``load`` returns, on a home that ``take`` has taken.

    Raises `Conflict` where another service has the home, `UsageError` where the address
    cannot be bound.
    """
    home = Home(settings.home)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    with stages.at(f"taking the home {settings.home}"):
        home.prepare()
    lock = take(home)
    try:
        _remove_ready_file(settings)  # one of a service that was killed would mislead
        with asked_ahead(settings, home) as asked:
            load()(settings, home, asked, stages)
    finally:
        _remove_ready_file(settings)
        lock.release()


def _leave(*_: object) -> None:
    """End in an orderly way; uvicorn raises its signals again when it has stopped."""
    raise SystemExit(0)


def _remove_ready_file(settings: Settings) -> None:
    if settings.ready_file is not None:
        settings.ready_file.unlink(missing_ok=True)
