"""Whether a call has to run, from what there is that was called alike: a pure decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park.model.memo.call_key import CallShape
from park.model.states import JobState

__all__ = ["Asked", "Candidate", "Decision", "Way", "decided"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A job that may start, by its call; ``owner`` is whose results may answer it.

    Two jobs share a run only where that is held to the same limits. ``submitted`` is RFC 3339
    in UTC.
    """

    job: JobId
    user: str
    owner: str
    shape: CallShape
    lock_hash: str
    timeout_s: float | None
    stalled_after_s: float | None
    memory_bytes: int | None
    submitted: str
    resources: Resources | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A job that runs the same call, will, or did; its ``runtime_hash`` once it was started.

    ``usage`` is the digest of what it used, None where only its lock tells; ``files`` are the
    digests of what it left.
    """

    job: JobId
    user: str
    status: JobState
    lock_hash: str
    runtime_hash: str | None
    timeout_s: float | None
    stalled_after_s: float | None
    memory_bytes: int | None
    usage: str | None = None
    files: tuple[str, ...] = ()
    resources: Resources | None = None


class Way(Enum):
    """What becomes of a job that may start."""

    ANSWERED = auto()
    JOINED = auto()
    UNDECIDED = auto()
    RUN = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a job, and the other one that this is about."""

    way: Way
    other: JobId | None = None


def decided(
    asked: Asked,
    candidates: Iterable[Candidate],
    *,
    runtime_hash: str,
    answers: Callable[[Candidate], bool | None],
) -> Decision:
    """Return what becomes of ``asked``; ``candidates`` have its key, the newest first.

    ``answers`` tells whether one that has completed answers it: None where that is not known.
    """
    undecided = None
    there = [
        each
        for each in candidates
        if each.job != asked.job and each.runtime_hash in {None, runtime_hash}
    ]
    for each in there:
        if each.status is JobState.COMPLETED:
            verdict = answers(each)
            if verdict:
                return Decision(Way.ANSWERED, each.job)
            if verdict is None:
                undecided = undecided or each.job
    for each in there:
        if each.status is not JobState.COMPLETED and _is_one_run(asked, each):
            return Decision(Way.JOINED, each.job)
    return Decision(Way.UNDECIDED, undecided) if undecided else Decision(Way.RUN)


def _is_one_run(asked: Asked, other: Candidate) -> bool:
    return _held_to(asked) == _held_to(other)


def _held_to(job: Asked | Candidate) -> tuple[object, ...]:
    """Return whose run it is, where, its limits, and what it asks of the machine."""
    limits = (job.timeout_s, job.stalled_after_s, job.memory_bytes)
    return (job.user, job.lock_hash, *limits, job.resources)
