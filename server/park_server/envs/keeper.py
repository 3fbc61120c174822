"""Keeps environments fit for use: whole before each use, repaired or rebuilt when not.

What is asked for and was evicted is made again from its kept lock; what was changed is put
aside and made again; both while whoever asked waits. What cannot be made again is refused,
and so is, once, an environment that bears the lock hash of another: that is no damage but
a mix-up, which somebody should hear of.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from park.errors import Conflict, EnvironmentMismatch, ParkError, UnknownItem
from park.model.lock_hash import LockHash
from park.model.states import EnvironmentState
from park_repo.database import Database
from park_server.envs import environment_rows
from park_server.envs.environment import Environment
from park_server.envs.eviction import Candidate, to_evict
from park_server.envs.fill import Fetch
from park_server.envs.interpreters import Interpreter, interpreter_for
from park_server.envs.pylock import load, select
from park_server.envs.realisation import Environments
from park_server.envs.realise_progress import OnProgress, Progress, ignore_progress
from park_server.envs.verification import Inspector
from park_server.tasks import Tasks

__all__ = ["EnvironmentKeeper", "Verification"]

_log = logging.getLogger("park.environments")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What a look at an environment found, and whether it is whole now."""

    damages: tuple[str, ...]
    repaired: bool


class _Stopping(Exception):
    """Unwinds work in a thread when the service stops."""


class EnvironmentKeeper:
    """Keeps the environments of a service. Its methods belong to the event loop.

    ``fetch_for`` gives the wheels that a user may have; ``quota_bytes`` is what environments
    and wheel store may take, or None. ``on_damage`` hears of each environment that was found
    changed, and of those that share a wheel with it, before it is repaired: what has
    imported from them may have imported what was changed.
    """

    def __init__(
        self,
        *,
        database: Database,
        environments: Environments,
        interpreters: Mapping[str, Interpreter],
        fetch_for: Callable[[str], Fetch],
        quota_bytes: int | None = None,
        on_damage: Callable[[LockHash], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._environments = environments
        self._interpreters = interpreters
        self._fetch_for = fetch_for
        self._quota_bytes = quota_bytes
        self._on_damage = on_damage
        self._inspector = Inspector(environments)
        self._locks: defaultdict[LockHash, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._looking: set[LockHash] = set()
        self._tasks = Tasks(_log, "an environment could not be kept")
        self._stopping = False

    @property
    def quota_bytes(self) -> int | None:
        """What environments and wheel store may take together."""
        return self._quota_bytes

    def resume(self) -> None:
        """Take up what a stopped service left: bytecode, and what is over the quota."""
        self._tasks.spawn(self._resume())

    async def stop(self) -> None:
        """Stop the work in the background; the next start takes it up again."""
        self._stopping = True
        await self._tasks.finish()
        self._inspector.close()

    def known(self, lock_hash: LockHash) -> Environment | None:
        """Return the environment if it is known to be whole at this moment, else None."""
        known = self._inspector.known(lock_hash)
        if known is not None:
            self._look_again_if_due(lock_hash)
        return known

    async def ready(self, lock_hash: LockHash) -> Environment:
        """Return the environment, whole: as it is, or after it was repaired or made again.

        Microseconds where nothing touched it since the last look. Raises
        `EnvironmentMismatch` where it cannot be had.
        """
        known = self.known(lock_hash)
        if known is not None:
            return known
        async with self._locks[lock_hash]:
            try:
                return await asyncio.to_thread(self._inspector.inspect, lock_hash)
            except EnvironmentMismatch as error:
                if "bears" in error.details:
                    self._tasks.spawn(self._repaired_later(lock_hash, error))
                    raise
                return await self._made_again(lock_hash, error)

    async def is_whole(self, lock_hash: LockHash) -> bool:
        """Tell whether the environment is there and nothing in it was changed."""
        if self._inspector.known(lock_hash) is not None:
            self._look_again_if_due(lock_hash)
            return True
        try:
            await asyncio.to_thread(self._inspector.inspect, lock_hash)
        except EnvironmentMismatch:
            return False
        return True

    async def verify(self, lock_hash: LockHash, *, thorough: bool) -> Verification:
        """Compare the environment with its manifests, ``thorough``: by digests; repair it."""
        async with self._locks[lock_hash]:
            try:
                await asyncio.to_thread(self._environments.verify, lock_hash, thorough=thorough)
            except EnvironmentMismatch as error:
                await self._made_again(lock_hash, error)
                damages = error.details.get("damages") or [error.message]
                return Verification(damages=tuple(damages), repaired=True)
        return Verification(damages=(), repaired=False)

    async def remove(self, lock_hash: LockHash, *, why: str = "removed on request") -> None:
        """Evict the environment, and the store entries that no other one uses.

        Its lock and its wheels stay. Raises `Conflict` where it is pinned or in use, and
        `UnknownItem`.
        """
        await self._evicted(lock_hash, why)
        await asyncio.to_thread(self._environments.remove_unused)

    async def remove_all(self, lock_hashes: Sequence[LockHash], *, why: str) -> int:
        """Evict what is there of ``lock_hashes``, and is neither pinned nor in use.

        Returns how many that were.
        """
        there = set(await asyncio.to_thread(self._environments.names))
        gone = 0
        for lock_hash in [each for each in lock_hashes if each in there]:
            try:
                await self._evicted(lock_hash, why)
            except (Conflict, UnknownItem):
                continue
            gone += 1
        if gone:
            await asyncio.to_thread(self._environments.remove_unused)
        return gone

    async def _evicted(self, lock_hash: LockHash, why: str) -> None:
        async with self._locks[lock_hash]:
            self._database.read(lambda c: environment_rows.lock(c, lock_hash))
            await self._database.awrite(lambda c: environment_rows.evict(c, lock_hash, why=why))
            await asyncio.to_thread(self._environments.remove, lock_hash)

    def settle(
        self,
        environment: Environment,
        *,
        progress: OnProgress = ignore_progress,
        done: Callable[[], object] = lambda: None,
    ) -> None:
        """Do in the background what an environment that is of use still lacks.

        Its bytecode, then ``done`` is called; then what is over the quota goes.
        """
        self._tasks.spawn(self._settled(environment, progress, done))

    async def _resume(self) -> None:
        for environment in await asyncio.to_thread(self._without_bytecode):
            await self._compiled(environment, ignore_progress)
        await self._enforce_quota()

    def _without_bytecode(self) -> list[Environment]:
        waiting = {entry.key for entry in self._environments.entries() if not entry.bytecode}
        if not waiting:
            return []
        return [e for e in self._environments.list() if waiting.intersection(e.store_keys)]

    async def _settled(
        self, environment: Environment, progress: OnProgress, done: Callable[[], object]
    ) -> None:
        try:
            await self._compiled(environment, progress)
        finally:
            done()
        await self._enforce_quota()

    async def _compiled(self, environment: Environment, progress: OnProgress) -> None:
        interpreter = interpreter_for(self._interpreters, environment.target.python)

        def report(now: Progress) -> None:
            if self._stopping:
                raise _Stopping
            progress(now)

        try:
            await asyncio.to_thread(
                self._environments.compile, environment, interpreter, progress=report
            )
        except _Stopping:
            return
        except ParkError:
            _log.exception("environment %s has no bytecode yet", environment.lock_hash)
            return
        size = await asyncio.to_thread(self._environments.size_of, environment)
        name = environment.lock_hash
        await self._database.awrite(lambda c: environment_rows.grown(c, name, size))

    def _look_again_if_due(self, lock_hash: LockHash) -> None:
        if self._inspector.is_due(lock_hash) and lock_hash not in self._looking:
            self._looking.add(lock_hash)
            self._tasks.spawn(self._looked_again(lock_hash))

    async def _looked_again(self, lock_hash: LockHash) -> None:
        try:
            async with self._locks[lock_hash]:
                await asyncio.to_thread(self._inspector.inspect, lock_hash)
        except EnvironmentMismatch as error:
            await self._repaired_later(lock_hash, error)
        finally:
            self._looking.discard(lock_hash)

    async def _repaired_later(self, lock_hash: LockHash, error: EnvironmentMismatch) -> None:
        async with self._locks[lock_hash]:
            await self._made_again(lock_hash, error)

    async def _made_again(self, lock_hash: LockHash, error: EnvironmentMismatch) -> Environment:
        """Make the environment anew from its lock; the caller holds its lock."""
        try:
            lock = self._database.read(lambda c: environment_rows.lock(c, lock_hash))
        except UnknownItem:
            raise error from None
        await self._note_loss(lock_hash, error)
        try:
            await asyncio.to_thread(self._repaired, lock_hash, lock)
            environment = await asyncio.to_thread(self._inspector.inspect, lock_hash)
        except ParkError as failure:
            raise EnvironmentMismatch(
                f"environment {lock_hash} cannot be made again: {failure.message}",
                hint=failure.hint,
                details=error.details,
            ) from failure
        await self._database.awrite(lambda c: _note_ready(c, environment))
        self.settle(environment)
        return environment

    async def _note_loss(self, lock_hash: LockHash, error: EnvironmentMismatch) -> None:
        """Say what is going on: a damage, or only the return of what was evicted."""
        known = self._database.read(lambda c: environment_rows.find(c, lock_hash))
        if known is not None and known.state is EnvironmentState.EVICTED:
            state, data = EnvironmentState.REALISING, {}
        else:
            state, data = EnvironmentState.DAMAGED, {"error": error.message}
            _log.warning("%s; it is made again", error.message)
            for name in await asyncio.to_thread(self._environments.sharing, lock_hash):
                self._on_damage(name)
        await self._database.awrite(lambda c: environment_rows.enter(c, lock_hash, state, **data))

    def _repaired(self, lock_hash: LockHash, lock: environment_rows.Lock) -> None:
        document = load(lock.document.encode())
        interpreter = interpreter_for(self._interpreters, lock.python)
        now_selected = select(document, interpreter).hash
        if now_selected != lock_hash:
            raise EnvironmentMismatch(
                f"its lock selects {now_selected} under Python {interpreter.version} as it is now",
                hint="install again: park install MODULE",
            )
        self._environments.repair(document, interpreter, fetch=self._fetch_for(lock.user))

    async def _enforce_quota(self) -> None:
        """Evict what is over the quota, the longest unused first."""
        if self._quota_bytes is None:
            return
        for lock_hash in await asyncio.to_thread(self._over_quota, self._quota_bytes):
            try:
                await self.remove(lock_hash, why="over the quota")
            except Conflict:  # somebody took it into use meanwhile
                continue

    def _over_quota(self, quota_bytes: int) -> list[LockHash]:
        self._environments.remove_unused()
        busy = self._database.read(environment_rows.busy)
        pinned = self._database.read(environment_rows.pinned)
        every = self._database.read(environment_rows.every)
        there = set(self._environments.names())
        present = sorted(
            (known for known in every if known.lock_hash in there), key=lambda it: it.lock_hash
        )
        newest = max(present, key=lambda known: known.realised, default=None)
        candidates = [
            Candidate(
                lock_hash=known.lock_hash,
                own_bytes=known.own_bytes,
                entries=frozenset(self._environments.keys_of(known.lock_hash)),
                last_used=max(known.last_used or "", known.realised),
                # what was just made is about to be used
                kept=known.lock_hash in busy or known.lock_hash in pinned or known is newest,
            )
            for known in present
        ]
        return to_evict(candidates, self._environments.sizes(), quota_bytes)


def _note_ready(connection: Connection, environment: Environment) -> None:
    environment_rows.ready(
        connection,
        environment.lock_hash,
        packages=len(environment.packages),
        size_bytes=environment.size_own + environment.size_shared,
        own_bytes=environment.size_own,
    )
