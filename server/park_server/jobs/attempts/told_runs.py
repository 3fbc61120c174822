"""What the log says of attempts: with the job, and the request by which it came."""

from __future__ import annotations

import logging

from park.model.states import JobState
from park_server.jobs.run import Run

__all__ = ["ended", "starts"]

_log = logging.getLogger("park.jobs")


def starts(run: Run) -> None:
    """Tell that an attempt is committed, and goes to its engine."""
    if _log.isEnabledFor(logging.INFO):
        facts = _facts(run, JobState.RUNNING)
        _log.info("job %s starts, attempt %d", run.id, run.attempt, extra=facts)


def ended(run: Run, state: JobState, error: str | None = None) -> None:
    """Tell that an attempt was the last one, or (``QUEUED``) that another one follows."""
    if _log.isEnabledFor(logging.INFO):
        # the words of an error are a job's own: in records they are quoted, and in text they
        # could look like lines of the service
        _log.info("job %s is %s", run.id, state, extra={**_facts(run, state), "error": error})


def _facts(run: Run, state: JobState) -> dict[str, object]:
    asked = run.job.resources
    return {
        "job": run.id,
        "attempt": run.attempt,
        "user": run.user,
        "request_id": run.job.request_id,
        "state": state.value,
        "engine": None if asked is None else asked.engine,
    }
