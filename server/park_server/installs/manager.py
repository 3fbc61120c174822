"""Carries installs out: request, stations, end; each station committed before the next.

    request    checked once; ready at once where its environment is there
    stations   upload_station    the wheels of the client's trees arrive
               lock_station      a lock that is known, or built, exchanged, resolved
               realise_station   its environment
    end        ready or failed: whoever waits is told; bytecode follows

A restart takes every unfinished install up again from its request: what was uploaded,
locked or realised before is found and not done again, so no station needs a memory of its
own.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import Connection

from park.errors import ParkError, ServiceFault
from park.model.lock_hash import LockHash
from park.model.pins import Pin, RequirementSet
from park.model.states import InstallState
from park.wire import InstallRecord, InstallRequest, ProgressRecord
from park_repo.database import Database
from park_server.bus import Bus
from park_server.disk import Disk
from park_server.envs import environment_rows
from park_server.envs.interpreters import Interpreter
from park_server.envs.keeper import EnvironmentKeeper
from park_server.envs.pylock import dump
from park_server.envs.realise_progress import Progress
from park_server.installs import install_rows, lock_rows
from park_server.installs.checked_request import CheckedRequest, checked
from park_server.installs.install_progress import ProgressBoard
from park_server.installs.install_rows import Install
from park_server.installs.lock_rows import KnownLock
from park_server.installs.lock_station import Locked, LockStation
from park_server.installs.realise_station import Realised, RealiseStation
from park_server.installs.source_station import SourceStation
from park_server.installs.upload_station import UploadStation
from park_server.quotas.fair_slots import FairSlots

__all__ = ["InstallManager"]

_log = logging.getLogger("park.installs")

_AT_ONCE = 2
"""Installs that resolve or realise at the same time; each uses several cores by itself.

Users take turns for them, and none but the operator has all.
"""


Permit: TypeAlias = Callable[[str, RequirementSet, str, Collection[Pin]], None]
"""A user, the set that he asked for, the lock that it came to, and what that selects."""


class InstallManager:
    """The installs of a service. All methods belong to the event loop.

    ``on_final`` hears of each install that came to its end here; ``permit`` raises where a user
    may not have what a lock selects; ``may_have_all`` tells whose installs may be all at a time.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        interpreters: Mapping[str, Interpreter],
        keeper: EnvironmentKeeper,
        uploads: UploadStation,
        sources: SourceStation,
        locks: LockStation,
        realisation: RealiseStation,
        on_final: Callable[[InstallRecord], None],
        disk: Disk,
        permit: Permit,
        may_have_all: Callable[[str], bool],
    ) -> None:
        self._permit = permit
        self._database = database
        self._bus = bus
        self._interpreters = interpreters
        self._keeper = keeper
        self._uploads = uploads
        self._sources = sources
        self._locks = locks
        self._realisation = realisation
        self._on_final = on_final
        self._disk = disk
        self._board = ProgressBoard(bus, self._record_progress)
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = FairSlots(_AT_ONCE, may_have_all)

    def resume(self) -> None:
        """Take up what a stopped service left unfinished."""
        for install in self._database.read(install_rows.unfinished):
            self._begin(install.id, partial(self._checked_again, install))

    async def stop(self) -> None:
        """Drop the running tasks; their installs are taken up at the next start."""
        for task in self._tasks:
            task.cancel()
        self._sources.stop()
        self._locks.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- the request

    async def request(
        self, user: str, request: InstallRequest, *, lock: LockHash | None = None
    ) -> InstallRecord:
        """Accept ``request`` and return its install: ready at once where all is there already.

        ``lock`` is a lock that selects exactly the pins: nothing is resolved then. Raises
        `UsageError` for a request that contradicts itself, `NoInterpreter`, and
        `CannotSatisfy` for a wheel of another platform or a source that is not built here.
        """
        # tens of thousands of pins are a second's work
        wanted = await asyncio.to_thread(checked, user, request, self._interpreters, lock=lock)
        self._sources.require_buildable(wanted.sources)
        request = replace(request, project=str(wanted.project))
        missing = await asyncio.to_thread(self._uploads.missing, user, wanted.wheels)
        # who has not shown the wheels themselves gets nothing made from them
        known = None if missing else await self._whole(wanted)
        state = InstallState.AWAITING_UPLOAD if missing else InstallState.RESOLVING

        def change(connection: Connection) -> bool:
            """Write the install; tell whether there is something to do for it."""
            created = install_rows.create(
                connection, user, request, wanted.set_hash, state, lock=lock
            )
            # it may have been removed as too old since it was looked at
            if not (created and known and lock_rows.is_there(connection, known.lock_hash)):
                return created
            added = install_rows.documents_of(known.added)
            facts = {"lock_hash": known.lock_hash, "added": added}
            install_rows.enter(connection, request.id, InstallState.READY, **facts)
            return False

        if await self._database.awrite(change):
            # what was there before is kept for the install from its commit on, and not sooner
            if not missing and await self._lacks_a_wheel(wanted):
                await self._enter(request.id, InstallState.AWAITING_UPLOAD)
            self._begin(request.id, lambda: wanted)
        return self.record(request.id, user)

    async def _lacks_a_wheel(self, request: CheckedRequest) -> bool:
        return bool(await asyncio.to_thread(self._uploads.missing, request.user, request.wheels))

    async def _whole(self, request: CheckedRequest) -> KnownLock | None:
        """Return the lock of ``request`` or of an earlier one, if its environment is whole."""
        if request.lock is None:
            known = self._database.read(lambda c: lock_rows.known(c, request))
        else:
            known = KnownLock(lock_hash=request.lock, added=())
        if known is None or not await self._keeper.is_whole(known.lock_hash):
            return None
        return known

    def _checked_again(self, install: Install) -> CheckedRequest:
        request = self._database.read(lambda c: install_rows.request_of(c, install.id))
        return checked(install.user, request, self._interpreters, lock=install.lock_hash)

    # -- the stations

    def _begin(self, install: str, asked: Callable[[], CheckedRequest]) -> None:
        task = asyncio.create_task(self._carry_out(install, asked), name=f"install {install}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, install: str, asked: Callable[[], CheckedRequest]) -> None:
        try:
            request = asked()
            # it was accepted: where the disk has no room for it, it waits for some
            await self._disk.patiently(lambda: self._stations(request))
        except ParkError as error:
            await self._enter(install, InstallState.FAILED, error=error.as_problem())
        except Exception as error:  # noqa: BLE001 (whoever waits must hear of it, whatever it is)
            _log.exception("install %s failed", install)
            fault = ServiceFault(
                f"the service failed to install: {type(error).__name__}: {error}",
                hint="this is a defect of the service; its log has the traceback",
            )
            await self._enter(install, InstallState.FAILED, error=fault.as_problem())

    async def _stations(self, request: CheckedRequest) -> None:
        """Go the road of one install, from top to bottom."""
        progress = partial(self._note, request.id)
        await self._uploads.arrived(request)
        async with self._slots.slot(request.user):
            await self._enter(request.id, InstallState.RESOLVING)
            lock = await self._locks.locked(request, progress)
            await asyncio.to_thread(self._check, request, lock)
            await self._enter_realising(request.id, lock)
            made = await self._realisation.realised(request, lock, progress)
        self._board.compiling(request.id, begins=made.lacks_bytecode)
        await self._enter_ready(request.id, made)
        self._keeper.settle(
            made.environment,
            progress=progress,
            done=lambda: self._board.compiling(request.id, begins=False),
        )

    def _check(self, request: CheckedRequest, lock: Locked) -> None:
        pins = [Pin(name=each.name, version=each.version) for each in lock.selection.wheels]
        self._permit(request.user, request.requirements, lock.selection.hash, pins)

    def _note(self, install: str, progress: Progress) -> None:
        record = ProgressRecord(
            stage=progress.stage, done=progress.done, total=progress.total, unit=progress.unit
        )
        self._board.note(install, record)

    def _record_progress(self, install: str, progress: ProgressRecord) -> None:
        self._database.write(lambda c: install_rows.note_progress(c, install, progress))

    # -- what each station leaves, and the end

    async def _enter_realising(self, install: str, lock: Locked) -> None:
        selection = lock.selection

        def keep(connection: Connection) -> None:
            document = dump(lock.document).decode()
            lock_rows.keep(connection, selection.hash, selection.target.python, document)

        added = install_rows.documents_of(lock.added)
        facts = {"lock_hash": selection.hash, "added": added}
        await self._enter(install, InstallState.REALISING, keep, **facts)

    async def _enter_ready(self, install: str, made: Realised) -> None:
        environment = made.environment

        def keep(connection: Connection) -> None:
            environment_rows.keep(
                connection,
                environment.lock_hash,
                packages=len(environment.packages),
                size_bytes=environment.size_own + environment.size_shared,
                own_bytes=environment.size_own,
            )

        await self._enter(install, InstallState.READY, keep, realised=made.is_new)

    async def _enter(
        self,
        install: str,
        state: InstallState,
        keep: Callable[[Connection], None] = lambda _: None,
        **changes: Any,
    ) -> None:
        """Commit the new state with what it is about, then tell whoever waits."""

        def change(connection: Connection) -> None:
            keep(connection)
            install_rows.enter(connection, install, state, **changes)

        # an install that is neither made nor failed would be waited for without end
        await self._disk.patiently(lambda: self._database.awrite(change))
        self._board.changed(install)
        if state.is_final:
            self._on_final(self.record(install))

    # -- reading

    def record(self, install: str, user: str | None = None) -> InstallRecord:
        """Return the install as it is now, with its progress."""
        found = self._database.read(lambda c: install_rows.get(c, install, user))
        account = self._board.of(install)
        missing: list[str] = []
        if found.state is InstallState.AWAITING_UPLOAD:
            request = self._database.read(lambda c: install_rows.request_of(c, install))
            missing = self._uploads.missing(found.user, request.wheels)
        return replace(
            install_rows.record_of(found),
            revision=account.revision,
            progress=None if found.state.is_final else account.last,
            stages=list(account.stages),
            compiling=account.compiling,
            missing=missing,
        )

    async def wait(
        self, install: str, user: str, *, after: int, timeout_s: float, pause_s: float = 0
    ) -> InstallRecord:
        """Return the install when its revision is past ``after``, or time is up.

        What is past it within ``pause_s`` seconds is told together: only an end is told sooner.
        One that is final, and whose bytecode is there, is returned at once.
        """
        wait = partial(self._bus.wait_until, install, lambda: self.record(install, user))
        was_final = self.record(install, user).state.is_final

        def is_over(seen: InstallRecord) -> bool:
            return seen.state.is_final and not (seen.compiling and was_final)

        if pause_s:
            seen = await wait(is_over, min(pause_s, timeout_s))
            if seen.revision > after:
                return seen
        return await wait(
            lambda seen: seen.revision > after or is_over(seen), max(0, timeout_s - pause_s)
        )

    async def ended(self, install: str) -> Install:
        """Return the install once it is final."""
        return await self._bus.wait_until(
            install,
            lambda: self._database.read(lambda c: install_rows.get(c, install)),
            lambda seen: seen.state.is_final,
            math.inf,
        )
