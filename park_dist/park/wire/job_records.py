"""Jobs and fetches: what is submitted, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from park.model.asked.resources import Resources
from park.model.job_options import JobOptions
from park.model.states import JobKind, JobState
from park.wire.race_records import RaceRecord, RaceRequest

__all__ = [
    "FETCH",
    "CallDocument",
    "FetchRequest",
    "FileRecord",
    "HeldGrant",
    "InputRecord",
    "JobRecord",
    "JobRequest",
    "ReplayRecord",
]

CallDocument = dict[str, Any]
"""``{"args": [...], "kwargs": {...}}`` with each value in the job codec's JSON form.

A function that travels by value is in ``function``, and where its code was written in ``places``.
"""


FETCH = "park:fetch_url"
"""The entry point of every fetch: the service itself does it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchRequest:
    """A file to be had by URL; ``url`` may be the node of a reference to one.

    ``sha256`` (hex) is what its content must have. ``authorization`` is the value of that
    header, sent to ``origin`` (``scheme://host:port``) and to nobody else.
    """

    url: Any
    sha256: str | None = None
    authorization: str | None = field(default=None, repr=False)
    origin: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldGrant:
    """What opens things on the service at the URL ``service`` for one job; see `GrantRecord`.

    ``holder`` is the key of the service that gets it, to which it is bound; None: to none.
    ``bounced`` is its id, where each use takes a pass that is asked for here.
    """

    service: str
    token: str = field(repr=False)
    holder: str | None = None
    bounced: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRequest(JobOptions):
    """One call of an entry point inside the environment of a lock, or of an install to come.

    Exactly one of ``lock_hash`` and ``install`` is given. A fetch has ``fetch`` in their
    place, and `FETCH` as its entry point; a race has ``race``, and `RACE`.

    ``when`` is a condition (`park.model.conditions_json`); a reference among the arguments
    (`park.model.references`) is one more. ``grants`` open what it needs on other services.
    ``submitted_from`` is the account and the machine that it comes from, as the client says;
    ``asked_for`` the version of its client, where it is to run in another one all the same.
    ``request_id`` is that of the request that submits it, whatever a client says here.
    """

    id: str
    entry_point: str
    call: CallDocument
    lock_hash: str | None = None
    install: str | None = None
    set_hash: str | None = None
    when: dict[str, Any] | None = None
    fetch: FetchRequest | None = None
    race: RaceRequest | None = None
    grants: list[HeldGrant] = field(default_factory=list)
    submitted_from: str | None = None
    asked_for: str | None = None
    request_id: str | None = None


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
