"""From a queued job to an attempt that is committed and may be handed to an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from park.model.ids import JobId
from park.model.lock_hash import LockHash
from park.wire import JobRequest
from park_repo.database import Batch, Database, Joint
from park_repo.loop_futures import in_loop
from park_server.disk import Disk
from park_server.envs.environment import Environment
from park_server.jobs import job_rows
from park_server.jobs.attempts import told_runs
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.dereference import Values, little_values, resolved
from park_server.jobs.folder import JobFolders
from park_server.jobs.job_end import cancelled_on_request
from park_server.jobs.run import Run, run_of
from park_server.jobs.seams import ReadyEnvironments
from park_server.jobs.stored_job import StartedAttempt
from park_server.jobs.together.turning_points import start_all
from park_server.jobs.turns import turn_rows
from park_server.jobs.turns.fair_order import Account
from park_server.jobs.turns.turns import Turns
from park_server.json_pieces import is_small
from park_server.threads import in_thread

__all__ = ["AttemptStarts", "NotCreated", "StartWithCreation"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Start:
    """A start on its way to the disk, with what is noted beside it, if anything is.

    ``used`` is the lock of its environment, ``account`` that of its ``user``.
    """

    job: JobId
    user: str
    environment: str
    used: str | None
    account: Account | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Started:
    """The ``attempts`` that were committed together, by job, and what follows.

    Whoever has caused one takes it: no other one begins.
    """

    attempts: dict[JobId, StartedAttempt]
    effects: Effects


_USE_NOTED_EVERY_S = 1.0
"""How often the use of one environment is written down: eviction thinks in days."""


class NotCreated(Exception):
    """The commit failed that was to create a job and to start it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StartWithCreation:
    """The start of a job on its way to disk, in one commit with the job's creation."""

    queued: job_rows.Queued
    environment: Environment
    committed: Future[_Started]


class AttemptStarts:
    """Begins attempts of jobs: the environment whole, the folder prepared, the start durable.

    All methods belong to the event loop. ``base_url`` is the URL of this service; ``turns`` are
    written down with starts; ``takes_calls`` as the engine has it.
    """

    def __init__(
        self,
        *,
        database: Database,
        environments: ReadyEnvironments,
        folders: JobFolders,
        settlement: Settlement,
        commits: Commits,
        disk: Disk,
        runtime_hash: str,
        base_url: str = "",
        turns: Turns,
        takes_calls: bool = False,
    ) -> None:
        self._database = database
        self._environments = environments
        self._folders = folders
        self._settlement = settlement
        self._commits = commits
        self._disk = disk
        self._runtime_hash = runtime_hash
        self._base_url = base_url
        self._turns = turns
        self._takes_calls = takes_calls
        self._used: dict[str, float] = {}
        self._joint = Joint(self._start_all)

    async def begin(self, queued: job_rows.Queued) -> Run | None:
        """Have the environment, prepare the folder, and commit to an attempt.

        None where the job is queued no longer: it was cancelled meanwhile.
        """
        queued = await self._disk.patiently(lambda: self._whole(queued))
        environment, call, committed = await self._disk.patiently(lambda: self._prepared(queued))
        return self._run_of(queued, environment, committed, call)

    def environment_at_hand(self, request: JobRequest) -> Environment | None:
        """Return what a job can start in without a pause: known to be whole, no input files."""
        environment = self._environments.known(LockHash(str(request.lock_hash)))
        return None if self._folders.takes_time(request.call) else environment

    def with_creation(
        self, queued: job_rows.Queued, environment: Environment, batch: Batch
    ) -> StartWithCreation:
        """Add the start of a job to the ``batch`` that creates it."""
        committed = batch.write_joint(self._joint, self._start(queued, environment))
        return StartWithCreation(queued=queued, environment=environment, committed=committed)

    async def created(self, start: StartWithCreation) -> Run | None:
        """Wait for the commit of creation and start; the folder is made only then.

        An id that was known before is no new job, and its folder is its own: None, as where the
        job was cancelled meanwhile. Raises `NotCreated`, and `OSError` where the disk does not
        take the folder: `put_back` then.
        """
        try:
            committed = await in_loop(start.committed)
        except Exception as error:
            raise NotCreated(start.queued.id) from error
        run = self._run_of(start.queued, start.environment, committed)
        if run is not None:
            run.call = self._prepare(run.id, run.user, run.job.call)
        return run

    async def put_back(self, job: JobId) -> Effects:
        """Queue a job again whose committed attempt never began; returns what follows."""

        def change(connection: Connection) -> Effects:
            if job_rows.get(connection, job).cancel_requested:
                return self._settlement.end(connection, job, cancelled_on_request())
            return self._settlement.requeue(connection, job)

        return await self._commits.write(change)

    async def _whole(self, queued: job_rows.Queued) -> job_rows.Queued:
        """Return ``queued`` with its call, a large one read beside the loop."""
        if queued.has_call:
            return queued
        read = partial(job_rows.call_of, job=queued.id)
        call = await in_thread(self._database.read, read)
        return replace(queued, request=replace(queued.request, call=call), has_call=True)

    async def _prepared(self, queued: job_rows.Queued) -> tuple[Environment, str | None, _Started]:
        request = queued.request
        environment = await self._environments.ready(LockHash(str(request.lock_hash)))
        call = await self._with_values(queued) if queued.refers else request.call
        if self._folders.takes_time(call):
            text = await in_thread(self._prepare, queued.id, queued.user, call)
        else:
            text = self._prepare(queued.id, queued.user, call)
        start = self._start(queued, environment)
        return environment, text, await self._database.awrite_joint(self._joint, start)

    def _prepare(self, job: JobId, user: str, call: dict[str, Any]) -> str | None:
        """Make the folder; return the call where it goes with the order."""
        if self._takes_calls:
            return self._folders.prepare_for_order(job, user, call)
        self._folders.prepare(job, user, call)
        return None

    async def _with_values(self, queued: job_rows.Queued) -> Any:
        """Return the call with what its references stand for.

        Large values are read beside the loop. A thread costs 0.1 ms, so others are read here.
        """
        call = queued.request.call

        def read(connection: Connection, known: Values = MappingProxyType({})) -> Any:
            return resolved(connection, queued.id, queued.user, call, self._base_url, known=known)

        def read_little(connection: Connection) -> Any:
            known = little_values(connection, call)
            return None if known is None else read(connection, known)

        found = self._database.read(read_little) if is_small(call) else None
        return await in_thread(self._database.read, read) if found is None else found

    def _start(self, queued: job_rows.Queued, environment: Environment) -> _Start:
        """Return what commits to an attempt of a job, with others that wait for the disk."""
        lock_hash = str(queued.request.lock_hash)
        return _Start(
            job=queued.id,
            user=queued.user,
            environment=str(environment.path),
            used=lock_hash if self._is_new_use(lock_hash) else None,
            account=self._turns.noted(queued.user),
        )

    def _start_all(self, connection: Connection, starts: Sequence[_Start]) -> _Started:
        """Commit to attempts; of jobs that may not start any more there are none."""
        job_rows.used(connection, {start.used for start in starts if start.used is not None})
        accounts = {start.user: start.account for start in starts if start.account is not None}
        turn_rows.write_all(connection, accounts)
        environments = {start.job: start.environment for start in starts}
        attempts = start_all(connection, environments, self._runtime_hash)
        return _Started(attempts=attempts, effects=self._settlement.started(connection, attempts))

    def _is_new_use(self, lock_hash: str) -> bool:
        now = asyncio.get_running_loop().time()
        is_new = now - self._used.get(lock_hash, -_USE_NOTED_EVERY_S) >= _USE_NOTED_EVERY_S
        if is_new:
            self._used[lock_hash] = now
        return is_new

    def _run_of(
        self,
        queued: job_rows.Queued,
        environment: Environment,
        committed: _Started,
        call: str | None = None,
    ) -> Run | None:
        self._commits.publish_once(committed.effects)
        attempt = committed.attempts.pop(queued.id, None)
        if attempt is None:
            return None
        run = run_of(queued, environment, attempt, call)
        told_runs.starts(run)
        return run
