"""A job as the database has it: the one place where its row becomes a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import null

from park.model.ids import JobId
from park.model.job_options import OPTION_NAMES, JobOptions
from park.model.states import JobKind, JobState
from park_server.db.tables import jobs

__all__ = [
    "CHANGED",
    "HEAD",
    "STORED",
    "UNCONDITIONED",
    "ChangedJob",
    "JobHead",
    "Retry",
    "StartedAttempt",
    "StoredJob",
]


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as it was read; times are RFC 3339 in UTC.

    It was started ``attempt`` times, and failed ``failures`` times; a queued one may start at
    ``not_before``. ``condition`` is JSON, ``pools`` the units that it holds, ``pending`` how
    much is missing of a plain conjunction (None: of any other condition, or of none). Its user
    keeps it since ``pinned``; its logs were removed at ``logs_removed``; what it left was read
    at ``last_used``, to the day. It was asked to stop, and is killed at ``stop_by``.
    What it left is that of the job ``memoized_from``. It came by the request ``request_id``.
    """

    options: JobOptions
    status: JobState
    kind: JobKind
    id: JobId
    user: str
    entry_point: str
    lock_hash: str | None
    set_hash: str | None
    install: str | None
    environment: str | None
    runtime_hash: str | None
    attempt: int
    cancel_requested: bool
    submitted: str
    started: str | None
    finished: str | None
    error: str | None
    traceback: str | None
    condition: dict[str, Any] | None
    pending: int | None
    failures: int
    not_before: str | None
    pools: dict[str, int] | None
    submitted_from: str | None
    asked_for: str | None
    pinned: str | None
    logs_removed: str | None
    last_used: str | None
    stop_by: str | None
    memoized_from: str | None
    request_id: str | None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.options.label or self.entry_point

    @classmethod
    def of(cls, row: Sequence[Any]) -> StoredJob:
        """Return the job of a row that begins with the columns `STORED`."""
        # by position: to read each column by its name would take four times as long
        options = dict(zip(OPTION_NAMES, row, strict=False))
        status, kind, *rest = row[len(OPTION_NAMES) : len(STORED)]
        return cls(JobOptions(**options), JobState(status), JobKind(kind), *rest)


@dataclass(frozen=True, slots=True)
class ChangedJob:
    """What a change of its state says of a job; ``pools`` are the units that it held.

    ``error`` is the line that its end says, or that of an earlier change.
    """

    kind: JobKind
    id: JobId
    user: str
    entry_point: str
    attempt: int
    pools: dict[str, int] | None
    error: str | None
    label: str | None

    @classmethod
    def of(cls, row: Sequence[Any]) -> ChangedJob:
        """Return the job of a row that has the columns `CHANGED`."""
        kind, *rest = row[:]
        return cls(JobKind(kind), *rest)


@dataclass(frozen=True, slots=True)
class JobHead:
    """What is small of a job, as `StoredJob` has it: its condition may be megabytes."""

    id: JobId
    user: str
    status: JobState
    attempt: int
    finished: str | None
    traceback: str | None
    logs_removed: str | None

    @classmethod
    def of(cls, row: Sequence[Any]) -> JobHead:
        """Return the job whose `HEAD` the row has; raises `ValueError` where it is damaged."""
        job, user, status, attempt, finished, traceback, logs_removed = row
        return cls(JobId(job), user, JobState(status), attempt, finished, traceback, logs_removed)


@dataclass(frozen=True, kw_only=True, slots=True)
class StartedAttempt:
    """An attempt that was committed to: which one of its job it is, and when that was."""

    attempt: int
    started: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """A queued job that failed before, and may start again at ``not_before``."""

    job: JobId
    kind: JobKind
    not_before: datetime


STORED = tuple(
    jobs.c[name] for name in (*OPTION_NAMES, *[each.name for each in fields(StoredJob)[1:]])
)
"""The columns of a `StoredJob`: its options, then its other fields in their order."""

UNCONDITIONED = tuple(null() if each is jobs.c.condition else each for each in STORED)
"""The same without the condition, which may be megabytes, for who has no use of it."""

CHANGED = tuple(jobs.c[each.name] for each in fields(ChangedJob))
"""The columns of a `ChangedJob`, in the order of its fields."""

HEAD = tuple(jobs.c[each.name] for each in fields(JobHead))
"""The columns of a `JobHead`, in the order of its fields."""
