"""An attempt of a job, from its commit to its end, as the dispatcher holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from park.model.asked.resources import NOTHING_ASKED
from park.model.ids import JobId
from park.wire import JobRequest
from park_server.clock import text_of
from park_server.envs.environment import Environment
from park_server.jobs import job_rows
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.stored_job import StartedAttempt, StoredJob

__all__ = ["Run", "recovered_run", "run_of"]


@dataclass(kw_only=True, slots=True, eq=False)
class Run:
    """An attempt that is on its way or runs; ``pid`` is known while its process lives.

    ``user`` is its user's name, ``failures`` how often it failed before. ``started`` is in
    RFC 3339; ``timed_out_s`` the limit that was reached, ``forked_cpu_s`` the processor seconds
    that it had used by then where it was forked; ``stalled_s`` how long it said nothing, and
    ``late_s`` how long its call had not begun, which was too long; ``timers`` what waits for these
    limits. ``stop_requested``: it was asked to stop and to keep its best; ``no_room`` says why it
    was stopped for want of room. ``call``: its arguments as JSON, where they go with the order.
    ``has_begun``: what it waited for before its call (a queue elsewhere, an interpreter and its
    imports) is over. ``is_marked``: its callable says limits as well. ``is_recovered``: an earlier
    service started it.
    """

    job: JobRequest
    user: str
    attempt: int
    environment: Path
    started: str
    failures: int = 0
    pid: int | None = None
    cancel_requested: bool = False
    stop_requested: bool = False
    timed_out_s: float | None = None
    forked_cpu_s: float | None = None
    stalled_s: float | None = None
    late_s: float | None = None
    no_room: str | None = None
    call: str | None = None
    has_begun: bool = False
    is_marked: bool = False
    is_recovered: bool = False
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)

    @property
    def id(self) -> JobId:
        """The id of the job."""
        return JobId(self.job.id)

    @property
    def timeout_s(self) -> float | None:
        """How long it may run: its timeout, or the time that it asked for, where that is less."""
        asked = self.job.resources
        limits = (self.job.timeout_s, None if asked is None else asked.walltime_s)
        return min((each for each in limits if each is not None), default=None)

    def order(self, directory: Path, read_only: tuple[Path, ...]) -> StartOrder:
        """Return the order for the engine; ``directory`` is the job's folder."""
        job = self.job
        return StartOrder(
            job_id=self.id,
            attempt=self.attempt,
            directory=directory,
            environment=self.environment,
            lock_hash=str(job.lock_hash),
            entry_point=job.entry_point,
            set_hash=job.set_hash or "",
            variables={} if job.request_id is None else {"PARK_REQUEST_ID": job.request_id},
            memory_bytes=job.memory_bytes,
            fresh=job.fresh,
            read_only=read_only,
            user=self.user,
            resources=job.resources or NOTHING_ASKED,
            modules=_ahead_of(job.call.get("function")),
            call=self.call,
            memo=job.memo,
        )

    def began(self, since: float) -> None:
        """Count its time from ``since``, seconds since the epoch, and not from its commit."""
        self.started = text_of(datetime.fromtimestamp(since, UTC))
        self.has_begun = True

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.started)).total_seconds()

    def stop_timers(self) -> None:
        """Wait for the limits no longer."""
        for timer in self.timers.values():
            timer.cancel()


def run_of(
    queued: job_rows.Queued,
    environment: Environment,
    started: StartedAttempt,
    call: str | None = None,
) -> Run:
    """Return the attempt that ``started`` with a commit; ``call`` goes with its order."""
    return Run(
        job=queued.request,
        user=queued.user,
        failures=queued.failures,
        attempt=started.attempt,
        environment=environment.path,
        started=started.started,
        call=call,
    )


def recovered_run(job: StoredJob, call: dict[str, Any]) -> Run:
    """Return the attempt of a running ``job`` that an earlier service started."""
    return Run(
        job=job_rows.request_of(job, call),
        user=job.user,
        failures=job.failures,
        attempt=job.attempt,
        environment=Path(str(job.environment)),
        started=str(job.started),
        cancel_requested=job.cancel_requested,
        stop_requested=job.stop_by is not None,
        is_recovered=True,
    )


_NO_MODULE = "builtins"
"""Imported ahead where there is nothing to import: what a job calls came along with it, and the
module that people know it by is in no environment, where to import it would fail."""


def _ahead_of(function: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return what is imported ahead for a function that travels by value; empty for a name."""
    if function is None:
        return ()
    return tuple(function.get("modules", ())) or (_NO_MODULE,)
