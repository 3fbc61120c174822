"""Carries installs out: wheels, lock, environment; each station committed before the next.

A restart takes every unfinished install up again from its request: what was uploaded,
locked or realised before is found and not done again, so no station needs a memory of its
own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from packaging.pylock import Pylock
from packaging.utils import canonicalize_name
from sqlalchemy import Connection, Row

from park.errors import CannotSatisfy, ParkError, UsageError
from park.model.ids import check_id
from park.model.lock_hash import LockHash
from park.model.pins import Pin, RequirementSet, is_tree_version, parse_pin
from park.model.states import InstallState
from park.wire import (
    InstallRecord,
    InstallRequest,
    LocalWheel,
    PinRecord,
    ProgressRecord,
    SourceArchive,
    encode,
)
from park_repo.database import Database
from park_repo.index import Index
from park_repo.records import PublishedFile
from park_server.bus import Bus
from park_server.disk import Disk, is_of_disk
from park_server.envs.environment import Environment
from park_server.envs.interpreters import Interpreter, interpreter_for
from park_server.envs.keeper import EnvironmentKeeper
from park_server.envs.pylock import Selection, dump, load, normalise, select
from park_server.envs.realisation import Environments
from park_server.envs.realise_progress import Progress
from park_server.envs.resolve import ResolutionRequest, Resolver
from park_server.envs.supply import WheelSupply
from park_server.installs import install_rows
from park_server.installs.exchanged_lock import LockExchange
from park_server.installs.install_progress import ProgressBoard
from park_server.installs.service_faults import fault_of
from park_server.installs.source_station import SourceStation, require_fitting

__all__ = ["InstallManager", "ResolverAccess"]

_log = logging.getLogger("park.installs")

_UPLOAD_PATIENCE_S = 900.0
"""How long an install waits for the next wheel before its client is taken for dead."""

_FINAL = frozenset(state for state in InstallState if state.is_final)

_AT_ONCE = 2
"""Installs that resolve or realise at the same time; each uses several cores by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolverAccess:
    """A resolver, and what it needs to work: our own index (with a token) and a cache."""

    resolver: Resolver
    index_url: str = field(repr=False)
    cache: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class _Locked:
    """A lock as a document, and what it selects here."""

    document: Pylock
    selection: Selection


class InstallManager:
    """The installs of a service. All methods belong to the event loop."""

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        index: Index,
        environments: Environments,
        keeper: EnvironmentKeeper,
        interpreters: Mapping[str, Interpreter],
        resolver: ResolverAccess,
        supply: WheelSupply,
        sources: SourceStation,
        on_final: Callable[[InstallRecord], None],
        disk: Disk | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._index = index
        self._environments = environments
        self._keeper = keeper
        self._exchange = LockExchange(database, index)
        self._interpreters = interpreters
        self._resolver = resolver
        self._supply = supply
        self._sources = sources
        self._on_final = on_final
        self._disk = disk or Disk()
        self._board = ProgressBoard(bus, self._record_progress)
        self._uploads: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        index.on_published.append(self._published)

    def resume(self) -> None:
        """Take up what a stopped service left unfinished."""
        for install in self._database.read(install_rows.unfinished):
            self._begin(install)

    async def stop(self) -> None:
        """Drop the running tasks; their installs are taken up at the next start."""
        for task in self._tasks:
            task.cancel()
        self._sources.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def request(self, user: str, request: InstallRequest) -> InstallRecord:
        """Accept ``request`` and return its install: ready at once where all is there already.

        Raises `UsageError` for a request that contradicts itself, `NoInterpreter`, and
        `CannotSatisfy` for a wheel of another platform or a source that is not built here.
        """
        check_id(request.id)
        pins = _checked_pins(request)
        require_fitting(request, interpreter_for(self._interpreters, request.python))
        self._sources.require_buildable(request.sources)
        set_hash = RequirementSet.of(request.python, pins).hash
        request = replace(request, project=str(canonicalize_name(request.project)))
        known = self._known_lock(request)
        missing = self._missing(user, request)
        # who has not shown the wheels themselves gets nothing made from them
        ready = (
            known is not None
            and not missing
            and await self._keeper.is_whole(LockHash(known.lock_hash))
        )
        state = InstallState.AWAITING_UPLOAD if missing else InstallState.RESOLVING

        def change(connection: Connection) -> bool:
            created = install_rows.create(connection, user, request, set_hash, state)
            if created and ready and known is not None:
                facts = {"lock_hash": known.lock_hash, "added": known.added}
                install_rows.enter(connection, request.id, InstallState.READY, **facts)
            return created

        created = await self._database.awrite(change)
        if created and not ready:
            self._begin(request.id)
        return self.record(request.id, user)

    def record(self, install: str, user: str | None = None) -> InstallRecord:
        """Return the install as it is now, with its progress."""
        row = self._database.read(lambda c: install_rows.get(c, install, user))
        record = install_rows.record(row)
        account = self._board.of(install)
        missing: list[str] = []
        if record.state == InstallState.AWAITING_UPLOAD:
            missing = self._missing(row.user, install_rows.request_of(row))
        return replace(
            record,
            revision=account.revision,
            progress=None if record.state in _FINAL else account.last,
            stages=list(account.stages),
            compiling=account.compiling,
            missing=missing,
        )

    async def wait(self, install: str, user: str, *, after: int, timeout_s: float) -> InstallRecord:
        """Return the install when its revision is past ``after``, or time is up.

        One that is final, and whose bytecode is there, is returned at once.
        """
        return await self._bus.wait_until(
            install,
            lambda: self.record(install, user),
            lambda seen: seen.revision > after or (seen.state in _FINAL and not seen.compiling),
            timeout_s,
        )

    def _begin(self, install: str) -> None:
        task = asyncio.create_task(self._carry_out(install), name=f"install {install}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, install: str) -> None:
        try:
            await self._stations(install)
        except ParkError as error:
            await self._enter(install, InstallState.FAILED, error=error.as_problem())
        except Exception as error:  # noqa: BLE001 (whoever waits must hear of it, whatever it is)
            if not is_of_disk(error):
                _log.exception("install %s failed", install)
            await self._enter(install, InstallState.FAILED, error=fault_of(error).as_problem())

    async def _stations(self, install: str) -> None:
        """Go the road of one install, from top to bottom."""
        row = self._database.read(lambda c: install_rows.get(c, install))
        request = install_rows.request_of(row)
        interpreter = interpreter_for(self._interpreters, request.python)
        await self._wheels_uploaded(install, row.user, request)
        async with self._slots:
            await self._enter(install, InstallState.RESOLVING)
            request = await self._with_built_sources(install, row.user, request, interpreter)
            lock = await asyncio.to_thread(self._locked, install, row.user, request, interpreter)
            await self._enter(
                install,
                InstallState.REALISING,
                lock=lock,
                lock_hash=lock.selection.hash,
                added=_added(lock.selection, request),
            )
            was_there = await self._keeper.is_whole(lock.selection.hash)
            environment = await asyncio.to_thread(
                self._realised, install, row.user, lock, interpreter
            )
        compiles = not await asyncio.to_thread(self._environments.has_bytecode, environment)
        self._board.compiling(install, begins=compiles)
        await self._enter(
            install, InstallState.READY, environment=environment, realised=not was_there
        )
        self._keeper.settle(
            environment,
            progress=partial(self._note, install),
            done=lambda: self._board.compiling(install, begins=False),
        )

    async def _with_built_sources(
        self, install: str, user: str, request: InstallRequest, interpreter: Interpreter
    ) -> InstallRequest:
        """Return ``request`` with wheels for its sources, or as it is where a lock is known."""
        if not request.sources or self._known_lock(request) is not None:
            return request
        total = len(request.sources)
        self._board.note(install, ProgressRecord(stage="build", done=0, total=total, unit="wheels"))
        built = await self._sources.wheels(user, request.sources, interpreter)
        return replace(request, wheels=[*request.wheels, *built], sources=[])

    def _known_lock(self, request: InstallRequest) -> Row[Any] | None:
        set_hash = RequirementSet.of(request.python, _checked_pins(request)).hash
        return self._database.read(lambda c: install_rows.known_lock(c, request, set_hash))

    async def _wheels_uploaded(self, install: str, user: str, request: InstallRequest) -> None:
        uploads = self._uploads.setdefault(install, asyncio.Event())
        try:
            while missing := self._missing(user, request):
                uploads.clear()
                try:
                    await asyncio.wait_for(uploads.wait(), _UPLOAD_PATIENCE_S)
                except TimeoutError:
                    raise CannotSatisfy(
                        f"no upload for {_UPLOAD_PATIENCE_S:.0f} s; still missing: "
                        + ", ".join(missing),
                        hint="run `park install` again: it goes on where this one stopped",
                    ) from None
        finally:
            del self._uploads[install]

    def _missing(self, user: str, request: InstallRequest) -> list[str]:
        return [
            wheel.filename
            for wheel in request.wheels
            if not self._index.has(wheel.sha256, user=user)
        ]

    def _published(self, _file: PublishedFile) -> None:
        for event in self._uploads.values():
            event.set()

    def _locked(
        self, install: str, user: str, request: InstallRequest, interpreter: Interpreter
    ) -> _Locked:
        """Return the lock of the pins: one that is known, else a newly resolved one."""
        known = self._known_lock(request)
        document: Pylock | None
        if known is not None:
            text = self._database.read(lambda c: install_rows.lock_document(c, known.lock_hash))
            document = load(text.encode())
        else:
            document = self._exchange.document(user, request)
        if document is None:
            self._board.note(install, ProgressRecord(stage="resolve", done=0, total=0, unit="pins"))
            pins = RequirementSet.of(request.python, _checked_pins(request))
            document = self._resolved(pins, self._tree_paths(user, request), interpreter)
        return _Locked(document=document, selection=select(document, interpreter))

    def _resolved(
        self, pins: RequirementSet, trees: dict[Pin, Path], interpreter: Interpreter
    ) -> Pylock:
        access = self._resolver
        request = ResolutionRequest(
            pins=pins,
            interpreter=interpreter,
            index_url=access.index_url,
            cache=access.cache,
            trees=trees,
        )
        resolved = access.resolver.resolve(request)
        return normalise(resolved, interpreter, service_url=access.index_url)

    def _tree_paths(self, user: str, request: InstallRequest) -> dict[Pin, Path]:
        return {
            parse_pin(wheel.name, wheel.version): self._index.stored_at(
                self._index.file_by_hash(wheel.sha256, user=user, filename=wheel.filename)
            )
            for wheel in request.wheels
        }

    def _realised(
        self, install: str, user: str, lock: _Locked, interpreter: Interpreter
    ) -> Environment:
        report = partial(self._note, install)
        # an environment that is there, but not sound, may have been damaged through the store
        is_there = self._environments.get(lock.selection.hash) is not None
        make = self._environments.repair if is_there else self._environments.realise
        return make(lock.document, interpreter, fetch=self._supply.for_user(user), progress=report)

    def _note(self, install: str, progress: Progress) -> None:
        record = ProgressRecord(
            stage=progress.stage, done=progress.done, total=progress.total, unit=progress.unit
        )
        self._board.note(install, record)

    def _record_progress(self, install: str, progress: ProgressRecord) -> None:
        self._database.write(lambda c: install_rows.note_progress(c, install, progress))

    async def _enter(
        self,
        install: str,
        state: InstallState,
        *,
        lock: _Locked | None = None,
        environment: Environment | None = None,
        **changes: Any,
    ) -> None:
        """Commit the new state with what belongs to it, then tell whoever waits."""

        def change(connection: Connection) -> None:
            if lock is not None:
                selection = lock.selection
                document = dump(lock.document).decode()
                python = selection.target.python
                install_rows.keep_lock(connection, selection.hash, python, document)
            if environment is not None:
                install_rows.keep_environment(
                    connection,
                    environment.lock_hash,
                    packages=len(environment.packages),
                    size_bytes=environment.size_own + environment.size_shared,
                    own_bytes=environment.size_own,
                )
            install_rows.enter(connection, install, state, **changes)

        # an install that is neither made nor failed would be waited for without end
        await self._disk.patiently(lambda: self._database.awrite(change))
        self._board.changed(install)
        if state.is_final:
            self._on_final(self.record(install))


def _checked_pins(request: InstallRequest) -> tuple[Pin, ...]:
    """Return the pins; raises `UsageError` where pins and wheels do not tell the same story."""
    pins = tuple(parse_pin(pin.name, pin.version) for pin in request.pins)
    files: list[LocalWheel | SourceArchive] = [*request.wheels, *request.sources]
    wheels = {parse_pin(file.name, file.version) for file in files}
    trees = {pin for pin in pins if is_tree_version(pin.version)}
    if strangers := sorted(wheels - set(pins)):
        raise UsageError(f"wheels that no pin asks for: {', '.join(map(str, strangers))}")
    if bare := sorted(trees - wheels):
        raise UsageError(f"working trees without a wheel: {', '.join(map(str, bare))}")
    root = parse_pin(request.project, request.version)
    if root not in pins:
        raise UsageError(f"the project {root} is not among its own pins")
    return RequirementSet.of(request.python, pins).pins


def _added(selection: Selection, request: InstallRequest) -> list[dict[str, str]]:
    """Return what only this platform needed: locked, but not pinned by the client."""
    pinned = {pin.name for pin in _checked_pins(request)}
    return [
        encode(PinRecord(name=wheel.name, version=wheel.version))
        for wheel in selection.wheels
        if wheel.name not in pinned
    ]
