"""Which jobs and installs have ended, and after what time: read from the event log when asked.

So what nobody scrapes costs nothing, and a job that ends costs a row of one query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, and_, func, select

from park.model.asked.resources import Resources
from park.model.states import InstallState, JobKind, JobState
from park_repo.database import Database
from park_repo.histogram import Histogram
from park_server.db.tables import events, installs, jobs

__all__ = ["BY_ITSELF", "Ended", "EndedLatencies", "engine_of_job"]

BY_ITSELF = "service"
"""The engine of what the service does itself: fetches and races."""

_BOUNDS_S = (0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)
"""From a job that is forked ahead to a fit that takes a day."""

_PIECE = 20_000
"""Rows of the log in one query: some ten milliseconds."""

_JOB_ENDS = tuple(state.value for state in JobState if state.is_final)
_INSTALL_ENDS = tuple(state.value for state in InstallState if state.is_final)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a job or an install ended, and when it was what; of an install ``engine`` is empty."""

    engine: str
    state: JobState | InstallState
    submitted: str
    started: str | None
    finished: str | None


class EndedLatencies:
    """Counts and latencies of what has ended since this was made; of one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen = database.read(_newest)
        self.jobs: Counter[tuple[str, str]] = Counter()
        self.waiting: dict[str, Histogram] = {}
        self.running: dict[str, Histogram] = {}
        self.whole: dict[str, Histogram] = {}
        self.installs: Counter[str] = Counter()
        self.install_seconds = Histogram(_BOUNDS_S)

    def catch_up(self, default_engine: str) -> None:
        """Read what has ended since the last look."""
        newest = self._database.read(_newest)
        while self._seen < newest:
            until = min(self._seen + _PIECE, newest)
            after = self._seen
            for each in self._database.read(lambda c: _jobs(c, after, until, default_engine)):  # noqa: B023 (called at once)
                self.note_job(each)
            for each in self._database.read(lambda c: _installs(c, after, until)):  # noqa: B023 (called at once)
                self.note_install(each)
            self._seen = until

    def note_job(self, job: Ended) -> None:
        """Count a job; one that never started has waited for nothing and run for no time."""
        self.jobs[job.engine, job.state] += 1
        if job.finished is None:
            return
        submitted, finished = _moment(job.submitted), _moment(job.finished)
        if job.started is not None:
            started = _moment(job.started)
            _of(self.waiting, job.engine).observe(_seconds(submitted, started))
            _of(self.running, job.engine).observe(_seconds(started, finished))
        _of(self.whole, job.engine).observe(_seconds(submitted, finished))

    def note_install(self, install: Ended) -> None:
        """Count an install."""
        self.installs[install.state] += 1
        if install.finished is not None:
            took = _seconds(_moment(install.submitted), _moment(install.finished))
            self.install_seconds.observe(took)


def engine_of_job(kind: JobKind, asked: Resources | None, default: str) -> str:
    """Return the engine of a job; ``default`` is that of calls that name none."""
    if kind is not JobKind.CALL:
        return BY_ITSELF
    return (asked.engine if asked is not None else None) or default


def _of(histograms: dict[str, Histogram], engine: str) -> Histogram:
    if (found := histograms.get(engine)) is None:
        found = histograms[engine] = Histogram(_BOUNDS_S)
    return found


_moment = datetime.fromisoformat


def _seconds(start: datetime, end: datetime) -> float:
    """Return how long that was; a clock that was set back makes it no time."""
    return max((end - start).total_seconds(), 0.0)


def _newest(connection: Connection) -> int:
    return int(connection.execute(select(func.max(events.c.seq))).scalar_one() or 0)


def _jobs(connection: Connection, after: int, until: int, default: str) -> list[Ended]:
    query = (
        select(
            events.c.type,
            jobs.c.submitted,
            jobs.c.started,
            jobs.c.finished,
            jobs.c.kind,
            jobs.c.resources,
        )
        .join(jobs, jobs.c.id == events.c.id)
        .where(
            and_(
                events.c.seq > after,
                events.c.seq <= until,
                events.c.subject == "job",
                events.c.type.in_(_JOB_ENDS),
            )
        )
    )
    rows: Iterable[Row[tuple[str, str, str, str, str, Resources]]] = connection.execute(query)
    return [
        Ended(
            engine=engine_of_job(JobKind(row.kind), row.resources, default),
            state=JobState(row.type),
            submitted=row.submitted,
            started=row.started,
            finished=row.finished,
        )
        for row in rows
    ]


def _installs(connection: Connection, after: int, until: int) -> list[Ended]:
    query = (
        select(events.c.type, events.c.time, installs.c.created)
        .join(installs, installs.c.id == events.c.id)
        .where(
            and_(
                events.c.seq > after,
                events.c.seq <= until,
                events.c.subject == "install",
                events.c.type.in_(_INSTALL_ENDS),
            )
        )
    )
    return [
        Ended(
            engine="",
            state=InstallState(row.type),
            submitted=row.created,
            started=None,
            finished=row.time,
        )
        for row in connection.execute(query)
    ]
