"""Start a service: take its home, ask the machine what must be known, and load the rest meanwhile.

What is imported here is little, so that a home that is taken is told at once, and the processes
that try the machine run while the other imports take their second.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack

from filelock import BaseFileLock

from park_server.assembly.ahead import Asked, Machine, asked_ahead, asked_of_machine
from park_server.assembly.start_stages import Stages
from park_server.home import Home
from park_server.retention.room_on_disk import rooms_of
from park_server.settings import Settings

__all__ = ["Serve", "Take", "start"]

Serve = Callable[[Settings, Home, Asked, Stages], None]

Take = Callable[[Home, Machine], BaseFileLock]
"""What takes a home, while the machine is asked; it may wait for that."""


def start(
    settings: Settings, stages: Stages, load: Callable[[], Serve], stand_by: Take | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, by what ``load`` returns, on a home that is taken for that.

    ``stand_by`` takes it, where another may have it meanwhile.

    Raises `Conflict` where another service has the home, `UsageError` where the address
    cannot be bound.
    """
    home = Home(settings.home)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    with stages.at(f"taking the home {settings.home}"):
        home.prepare()
    with ExitStack() as asking:
        machine: Machine | None = None
        if stand_by is None:
            lock = home.lock()
        else:  # whoever takes over has no second to lose
            machine = asking.enter_context(asked_of_machine(settings, home))
            lock = stand_by(home, machine)
        try:
            for room in rooms_of(home, settings.reserve_bytes).both:
                room.begin()
            _remove_ready_file(settings)  # one of a service that was killed would mislead
            with asked_ahead(settings, home, machine) as asked:
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
