"""What settling asks of the memory of calls: who has to run, and whom another run answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from park.model.ids import JobId
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.job_end import JobEnd

__all__ = ["Judged", "Memory", "NewCall", "NoMemory", "Recalled", "Shared"]


class NewCall(NamedTuple):
    """A job that is about to be written; ``lock_hash`` where it is known already.

    ``missing`` are the jobs that have to complete before it may start, where no more is to be
    said of that; else None.
    """

    plan: Planned
    lock_hash: str | None
    missing: Collection[str] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What was found out beside the database for one job.

    ``contents`` are the digests of the files on the service that its call names; ``good`` are
    the jobs whose results answer it, and ``why`` says why others, which were there, do not.
    """

    contents: Mapping[str, str] = field(default_factory=dict)
    good: Collection[str] = ()
    why: str | None = None


@dataclass(kw_only=True, slots=True)
class Recalled:
    """What becomes of jobs that may start; who is in none of these has to run.

    ``answered`` end at once with what another job left, by its id; ``joined`` wait for the end
    of another that is under way; of ``undecided`` more has to be found out. ``runs`` are to
    run, and nothing that they need is missing. ``rows`` are written with jobs that are new.
    """

    answered: dict[str, JobId] = field(default_factory=dict)
    joined: dict[str, JobId] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)
    runs: set[str] = field(default_factory=set)
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def held(self) -> set[str]:
        """The jobs that do not start now."""
        return {*self.answered, *self.joined, *self.undecided}

    def add(self, other: Recalled) -> None:
        """Take over what becomes of the jobs of ``other``."""
        self.answered |= other.answered
        self.joined |= other.joined
        self.undecided += other.undecided
        self.runs |= other.runs
        self.rows += other.rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """Who else waits for the run of a job: ``joiners``, in the order of their ids.

    ``is_carried``: the job itself has ended, and its process goes on for them alone.
    """

    joiners: Sequence[JobId] = ()
    is_carried: bool = False


class Memory(Protocol):
    """Remembers calls. All methods run in the thread that writes to the database."""

    def begin(
        self, connection: Connection, user: str, new: Sequence[NewCall], submitted: str
    ) -> Recalled:
        """Return what becomes of new jobs of ``user``, before they are written.

        They were ``submitted`` (RFC 3339 in UTC) before that: who is to be asked after that
        moment may have been asked meanwhile.
        """

    def keep(self, connection: Connection, recalled: Recalled, created: Collection[str]) -> None:
        """Write down the calls of those jobs that were ``created``."""

    def recall(
        self, connection: Connection, jobs: Sequence[str], judged: Mapping[str, Judged]
    ) -> Recalled:
        """Return what becomes of waiting ``jobs``, which may start now; it is written down."""

    def look_again(self, connection: Connection, job: JobId) -> Recalled:
        """Return what becomes of ``job``, which was to run and had to wait for units of pools."""

    def answer(self, connection: Connection, answered: Mapping[str, JobId]) -> None:
        """End jobs, which wait, with what others left."""

    def copy(self, connection: Connection, answered: Mapping[str, JobId]) -> None:
        """Leave what others left as that of jobs which were written as ended with it."""

    def shared(self, connection: Connection, job: JobId) -> Shared:
        """Return who waits for the run of ``job``."""

    def carry(self, connection: Connection, job: JobId) -> None:
        """Note that the process of ``job``, which has ended, goes on for those who joined it."""

    def release(self, connection: Connection, job: JobId) -> None:
        """Have nobody wait for the run of ``job`` any more."""

    def inherit(self, connection: Connection, job: JobId, heir: JobId) -> None:
        """Note that ``heir`` has now run what ``job`` ran."""

    def ended(self, connection: Connection, job: JobId, end: JobEnd) -> None:
        """Note how a run ended, and what it used."""

    def deserted(self, connection: Connection, jobs: Iterable[str]) -> list[JobId]:
        """Return whose processes nobody waits for, now that ``jobs`` have ended."""


class NoMemory:
    """Remembers nothing: every job runs."""

    def begin(
        self, connection: Connection, user: str, new: Sequence[NewCall], submitted: str
    ) -> Recalled:
        """See `Memory`."""
        del connection, user, new, submitted
        return Recalled()

    def keep(self, connection: Connection, recalled: Recalled, created: Collection[str]) -> None:
        """See `Memory`."""

    def recall(
        self, connection: Connection, jobs: Sequence[str], judged: Mapping[str, Judged]
    ) -> Recalled:
        """See `Memory`."""
        del connection, jobs, judged
        return Recalled()

    def look_again(self, connection: Connection, job: JobId) -> Recalled:
        """See `Memory`."""
        del connection, job
        return Recalled()

    def answer(self, connection: Connection, answered: Mapping[str, JobId]) -> None:
        """See `Memory`."""

    def copy(self, connection: Connection, answered: Mapping[str, JobId]) -> None:
        """See `Memory`."""

    def shared(self, connection: Connection, job: JobId) -> Shared:
        """See `Memory`."""
        del connection, job
        return Shared()

    def carry(self, connection: Connection, job: JobId) -> None:
        """See `Memory`."""

    def release(self, connection: Connection, job: JobId) -> None:
        """See `Memory`."""

    def inherit(self, connection: Connection, job: JobId, heir: JobId) -> None:
        """See `Memory`."""

    def ended(self, connection: Connection, job: JobId, end: JobEnd) -> None:
        """See `Memory`."""

    def deserted(self, connection: Connection, jobs: Iterable[str]) -> list[JobId]:
        """See `Memory`."""
        del connection, jobs
        return []
