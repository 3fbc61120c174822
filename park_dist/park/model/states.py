"""The states of jobs, installs and environments, and the transitions between them."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "EnvironmentState",
    "InstallState",
    "JobKind",
    "JobState",
    "NodeKind",
    "may_follow",
    "standing",
]


class JobKind(StrEnum):
    """Who does a job: a process that calls its entry point, or the service itself."""

    CALL = "call"
    FETCH = "fetch"
    RACE = "race"


class NodeKind(StrEnum):
    """What stands at a node of a workflow; one on another service is known by its id alone."""

    CALL = "call"
    FETCH = "fetch"
    RACE = "race"
    INSTALL = "install"
    REMOTE = "remote"


class JobState(StrEnum):
    """The life of a job; the last three are final."""

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows this state."""
        return not _JOB_TRANSITIONS[self]


_JOB_TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    # completed: a race, which nobody runs, has its end from those that compete; and where the
    # same call has run before, or another job runs it
    JobState.WAITING: frozenset(
        {JobState.QUEUED, JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.FAILED, JobState.CANCELLED}),
    # back to queued: the process is proven dead, or never to have started, and may run again
    JobState.RUNNING: frozenset(
        {JobState.QUEUED, JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.COMPLETED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


def may_follow(before: JobState, after: JobState) -> bool:
    """Tell whether a job in state ``before`` may go to ``after``."""
    return after in _JOB_TRANSITIONS[before]


class InstallState(StrEnum):
    """The life of an install; the last two are final."""

    AWAITING_UPLOAD = "awaiting-upload"
    RESOLVING = "resolving"
    REALISING = "realising"
    READY = "ready"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows this state."""
        return self in {InstallState.READY, InstallState.FAILED}


class EnvironmentState(StrEnum):
    """What a service has under a lock hash."""

    REALISING = "realising"
    READY = "ready"
    DAMAGED = "damaged"
    EVICTED = "evicted"


_STANDINGS: dict[str, JobState] = {
    **{str(state): state for state in JobState},
    InstallState.AWAITING_UPLOAD: JobState.WAITING,
    InstallState.RESOLVING: JobState.RUNNING,
    InstallState.REALISING: JobState.RUNNING,
    InstallState.READY: JobState.COMPLETED,
}


def standing(status: str) -> JobState | None:
    """Return the state of a job that the state of a job or an install is as good as.

    None for what is known by its id alone.
    """
    return _STANDINGS.get(status)


class Phase(StrEnum):
    """What a job, a fetch or an install is asked to be."""

    STARTED = "started"
    FINISHED = "finished"
    """Ended, however."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
