"""A service that stands by: it waits for the one that serves its home, and takes its place."""

from __future__ import annotations

import asyncio
from functools import partial

from filelock import BaseFileLock

from park.errors import Conflict
from park_repo.sql.sole_writer import writer_watch
from park_server.assembly.ahead import Asked, Machine
from park_server.assembly.start_stages import Stages, said
from park_server.home import Home
from park_server.log_lines.setup import tell
from park_server.process import leader_socket
from park_server.process.listeners import listening
from park_server.process.standby import stand_by
from park_server.quotas.descriptors import leave_no_core, raise_descriptor_limit
from park_server.serving.serve import loop_factory, serve_at
from park_server.serving.web import Web
from park_server.settings import Settings

__all__ = ["Standby"]


class Standby:
    """A service that waits for the one that serves its home to end, and serves in its place."""

    def __init__(self, settings: Settings) -> None:
        leave_no_core()
        raise_descriptor_limit()
        url = settings.database
        self._is_unwritten = None if url is None else writer_watch(url)
        self._listeners = listening(settings.host, settings.port, settings.entrance)

    def take(self, home: Home, machine: Machine) -> BaseFileLock:
        """Return the lock of ``home``, once it is ours; says that it stands by where it must.

        It says so once the ``machine`` has answered, for which a take-over would wait.
        Raises `SystemExit` where it is told to stop before.
        """
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(self._taken(home, machine))

    def serve(self, settings: Settings, home: Home, asked: Asked, stages: Stages) -> None:
        """Serve on ``home``, at the address at which it stood by."""
        serve_at(self._listeners, settings, home, asked, stages, web=lambda: Web)

    async def _taken(self, home: Home, machine: Machine) -> BaseFileLock:
        lock = await self._free(home)
        if lock is None:
            said(f"another service has {home.path}; this one takes it when that has ended")
            lock = await stand_by(
                self._listeners,
                partial(self._free, home),
                leader_socket.folder_of(home.path),
                prepared=[asyncio.wrap_future(each) for each in machine.questions],
                on_prepared=lambda: tell(
                    f"park stands by for {home.path} at {self._listeners.url}"
                ),
            )
            if lock is None:
                raise SystemExit(0)
            tell(f"park takes {home.path} over")
        return lock

    async def _free(self, home: Home) -> BaseFileLock | None:
        """Return the lock of ``home``; None where another has it, or writes to its database."""
        try:
            lock = home.lock()  # in this thread, whose it is
        except Conflict:
            return None
        if self._is_unwritten is None or await asyncio.to_thread(self._is_unwritten):
            return lock
        lock.release()
        return None
