"""What jobs and installs are worth to a condition: decisions about the facts of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from park.errors import UsageError
from park.model.conditions import After, At, Before, InstallIs, JobIs, Phase, brief, describe
from park.model.ids import JobId
from park.model.states import InstallState, JobKind, JobState
from park.model.truth import TRUE, Truth, Verdict, never
from park.wire import InstallRecord

__all__ = [
    "InstallFact",
    "JobFact",
    "elided",
    "verdict_of_install",
    "verdict_of_job",
    "verdict_of_time",
]

_MOST_CHARACTERS = 1_000
"""Of a chain of causes: a few lines of a terminal."""

_PHASES: dict[JobState, Phase] = {
    JobState.COMPLETED: Phase.COMPLETED,
    JobState.FAILED: Phase.FAILED,
    JobState.CANCELLED: Phase.CANCELLED,
}


class _Described(Protocol):
    """What is always known of a job, in whatever form."""

    @property
    def id(self) -> JobId: ...
    @property
    def user(self) -> str: ...
    @property
    def kind(self) -> JobKind: ...
    @property
    def entry_point(self) -> str: ...
    @property
    def label(self) -> str | None: ...
    @property
    def attempt(self) -> int: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFact:
    """What is known of a job: ``attempt`` counts its starts, ``error`` is its one line.

    ``label`` is what people call it: their own word, or its call. Jobs of old homes have none.
    """

    id: JobId
    user: str
    kind: JobKind
    entry_point: str
    status: JobState
    attempt: int
    error: str | None = None
    label: str | None = None

    @classmethod
    def of(cls, row: Sequence[Any]) -> JobFact:
        """Return what a row says that has all of this, in this order."""
        job, user, kind, entry_point, status, attempt, error, label = row
        return cls(
            id=job,
            user=user,
            kind=JobKind(kind),
            entry_point=entry_point,
            status=JobState(status),
            attempt=attempt,
            error=error,
            label=label,
        )

    @classmethod
    def at_end(cls, job: _Described, status: JobState, error: str | None) -> JobFact:
        """Return what is known of ``job``, which has just ended."""
        return cls(
            id=job.id,
            user=job.user,
            kind=job.kind,
            entry_point=job.entry_point,
            status=status,
            attempt=job.attempt,
            error=error,
            label=job.label,
        )

    @property
    def name(self) -> str:
        """The job as a person reads it."""
        if self.kind is JobKind.FETCH:
            return f"fetch {brief(self.id)}"
        if self.kind is JobKind.RACE:
            return f"race {brief(self.id)}"
        return f"job {brief(self.id)} ({self.label or self.entry_point})"

    @property
    def how_it_ended(self) -> str:
        """How it ended, after "it" and with the cause; empty for one that has not."""
        if not self.status.is_final:
            return ""
        error = self.error or ""
        if self.status is JobState.COMPLETED or not error:
            return "completed" if self.status is JobState.COMPLETED else _passive(self.status)
        if self.status is JobState.CANCELLED and error.startswith("cancelled "):
            return f"was {error}"
        return f"{_passive(self.status)}: {error}"


def _passive(status: JobState) -> str:
    return "was cancelled" if status is JobState.CANCELLED else str(status)


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallFact:
    """What is known of an install; ``error`` says why it failed."""

    id: str
    state: InstallState
    lock_hash: str | None
    set_hash: str
    project: str
    version: str
    error: str | None = None

    @classmethod
    def of(cls, install: InstallRecord) -> InstallFact:
        """Return what ``install`` says."""
        return cls(
            id=install.id,
            state=install.state,
            lock_hash=install.lock_hash,
            set_hash=install.set_hash,
            project=install.project,
            version=install.version,
            error=(install.error or {}).get("detail"),
        )

    @property
    def name(self) -> str:
        """The install as a person reads it."""
        return f"install {brief(self.id)} ({self.project}=={self.version})"

    @property
    def is_ready(self) -> bool:
        """Whether its environment can be used."""
        return self.state is InstallState.READY and self.lock_hash is not None


def verdict_of_job(leaf: JobIs, fact: JobFact) -> Verdict:
    """Return what a leaf is worth; true and never are final, as the states are."""
    if leaf.phase is Phase.STARTED:
        # what was answered with another run has started there
        if fact.attempt > 0 or fact.status is JobState.COMPLETED:
            return TRUE
    elif fact.status.is_final and leaf.phase in {Phase.FINISHED, _PHASES[fact.status]}:
        return TRUE
    if fact.status.is_final:
        return never(elided(f"needs {fact.name} {leaf.phase}; it {fact.how_it_ended}"))
    return Verdict(Truth.NOT_YET, f"{fact.name} is {fact.status}")


def verdict_of_install(leaf: InstallIs, fact: InstallFact) -> Verdict:
    """Return what a leaf is worth."""
    if not fact.state.is_final:
        return Verdict(Truth.NOT_YET, f"{fact.name} is {fact.state}")
    reached = Phase.COMPLETED if fact.is_ready else Phase.FAILED
    if leaf.phase in {Phase.FINISHED, reached}:
        return TRUE
    wanted = "ready" if leaf.phase is Phase.COMPLETED else leaf.phase
    how = "is ready" if fact.is_ready else f"failed: {fact.error or 'nothing says why'}"
    return never(elided(f"needs {fact.name} {wanted}; it {how}"))


def verdict_of_time(leaf: At | Before | After, now: datetime) -> Verdict:
    """Return what a leaf is worth at the moment ``now``; raises `UsageError` for `After`."""
    match leaf:
        case At(moment=moment):
            is_true = now >= moment
            until = f"until {describe(leaf).removeprefix('at ')}"
            return TRUE if is_true else Verdict(Truth.NOT_YET, until)
        case Before(moment=moment):
            moment_text = moment.astimezone(UTC).isoformat(sep=" ", timespec="seconds")
            return TRUE if now < moment else never(f"needs to start before {moment_text}")
    raise UsageError("how long after what? `after` belongs to a job's own condition")


def elided(line: str) -> str:
    """Return a chain of causes in at most 1,000 characters, with its beginning and its root."""
    if len(line) <= _MOST_CHARACTERS:
        return line
    half = (_MOST_CHARACTERS - 3) // 2
    return f"{line[:half]} … {line[-half:]}"
