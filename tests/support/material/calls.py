"""A call that is asked for, and runs that may answer it."""

from __future__ import annotations

from typing import Any

from park.model.ids import JobId
from park.model.memo.call_key import CallShape
from park.model.states import JobState
from park_server.jobs.memo.decision import Asked, Candidate

__all__ = ["ASKED", "candidate"]

ASKED = Asked(
    job=JobId("asked"),
    user="me",
    owner="me",
    shape=CallShape(digest="d"),
    lock_hash="ab",
    timeout_s=None,
    stalled_after_s=None,
    memory_bytes=None,
    submitted="2026",
)


def candidate(job: str, status: JobState = JobState.COMPLETED, **facts: Any) -> Candidate:
    """Return a run of the same user, environment and runtime, but for ``facts``."""
    known: dict[str, Any] = {
        "user": "me",
        "lock_hash": "ab",
        "runtime_hash": "ef" if status is not JobState.QUEUED else None,
        "timeout_s": None,
        "stalled_after_s": None,
        "memory_bytes": None,
    }
    return Candidate(job=JobId(job), status=status, **known | facts)
