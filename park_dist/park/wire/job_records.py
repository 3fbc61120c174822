"""Jobs and fetches: what is submitted, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from park.model.asked.resources import Resources
from park.model.states import JobKind, JobState
from park.wire.race_records import RaceRecord

__all__ = [
    "FETCH",
    "FileRecord",
    "InputRecord",
    "JobRecord",
    "ReplayRecord",
]

FETCH = "park:fetch_url"
"""The entry point of every fetch: the service itself does it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRecord:
    """A file that a job left; ``name`` is its path below the work directory."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRecord:
    """A job as the service sees it; times are RFC 3339 in UTC.

    ``environment`` is the directory of the environment on the service, ``error`` one line
    that says why a job failed or was cancelled. ``when`` is the condition under which it
    starts. It failed ``failures`` times so far, and may run
    ``retries`` times more than once; ``not_before`` is when it does so the next time.
    ``label`` is what people call it, ``submitted_from`` the account and the machine that it
    came from, as its client says. ``asked_for`` is the version that its client has, where
    it runs in another one: what that is, its lock says.
    It was asked to stop and to keep its best, and is killed at ``stop_by`` if it goes on.
    ``race`` says how far a race is.
    Its user keeps it since ``pinned``; the operator's policy removed its logs at
    ``logs_removed``. What it left is that of the job ``memoized_from``, which has its logs.
    ``resources`` are what it asks of the machine; ``remark`` says how it is there, where it is
    somewhere with a queue of its own. ``request_id`` is that of the request by which it came: it
    is in the log of the service and in the environment of the job.
    """

    id: str
    status: JobState
    entry_point: str
    lock_hash: str | None
    set_hash: str | None
    install: str | None
    environment: str | None
    runtime_hash: str | None
    attempt: int
    pid: int | None
    submitted: str
    started: str | None
    finished: str | None
    error: str | None
    progress: dict[str, Any] | None = None
    files: list[FileRecord] = field(default_factory=list)
    kind: JobKind = JobKind.CALL
    when: dict[str, Any] | None = None
    retries: int = 0
    failures: int = 0
    not_before: str | None = None
    label: str = ""
    submitted_from: str | None = None
    pinned: str | None = None
    logs_removed: str | None = None
    stop_by: str | None = None
    race: RaceRecord | None = None
    memoized_from: str | None = None
    asked_for: str | None = None
    resources: Resources | None = None
    remark: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class InputRecord:
    """A file among the arguments: its content, and its name for the job."""

    sha256: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayRecord:
    """What one needs to call it again: environment, entry point, and arguments.

    ``call`` is encoded as for a submission, but without references: what they stood for is in
    their place. ``python`` is the minor of the environment; ``inputs`` are the files that are
    arguments, or in them. ``machine`` is what the process of the job found of what numbers depend
    on, by name (``cpu``, ``libc``, ``python``, ``numpy``, ``blas``), while its events are kept.
    """

    job: str
    entry_point: str
    lock_hash: str
    set_hash: str | None
    python: str
    call: dict[str, Any]
    inputs: list[InputRecord]
    machine: dict[str, Any] = field(default_factory=dict)
