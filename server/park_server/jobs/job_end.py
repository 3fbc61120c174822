"""From how a process ended to how its job ended: a pure decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from park.errors import ParkError
from park.model.backoff import Backoff
from park.model.states import JobState
from park.wire import FileRecord
from park_server.jobs.engines.engine import Ended, EndKind
from park_server.jobs.job_rows import Ending

__all__ = ["MOST_ATTEMPTS", "ending_of", "line_of", "may_run_again", "next_try"]

MOST_ATTEMPTS = 5
"""A job whose processes vanish again and again, or never come to start, is given up then."""


def may_run_again(ended: Ended, *, restartable: bool, failures: int = 0) -> bool:
    """Tell whether a job may run from the beginning after its attempt ``ended``.

    Only where nothing of the user's ran, or where the process is gone without an outcome
    (`EndKind.LOST`) and the job said that it may: not after a death that somebody saw,
    because the same would come again. Attempts that ended as ``failures`` do not count.
    """
    if ended.attempt - failures >= MOST_ATTEMPTS or ended.outcome is not None:
        return False
    return ended.kind is EndKind.NEVER_STARTED or (ended.kind is EndKind.LOST and restartable)


def next_try(
    *, retries: int, failures: int, backoff_s: float, now: datetime | None = None
) -> datetime | None:
    """Return when a job that has just failed, ``failures`` times before, may run again.

    None where its retries are spent. Each failure doubles the time to wait, up to a day.
    """
    if failures >= retries:
        return None
    wait_s = Backoff(first_s=backoff_s, longest_s=_LONGEST_WAIT_S).after(failures + 1)
    return (now or datetime.now(UTC)) + timedelta(seconds=wait_s)


_LONGEST_WAIT_S = 86_400.0


def ending_of(
    ended: Ended,
    *,
    files: Sequence[FileRecord],
    cancel_requested: bool,
    timed_out_s: float | None,
) -> Ending:
    """Return the ending of a job whose attempt ``ended``.

    An outcome that the job itself wrote counts first: what completed before the signal of a
    cancel reached it has completed. Then the reason why it was stopped, then how it died.
    """
    outcome = ended.outcome or {}
    if outcome.get("state") == JobState.COMPLETED:
        return Ending(status=JobState.COMPLETED, result=outcome.get("result"), files=files)
    if cancel_requested:
        return Ending(status=JobState.CANCELLED, error="cancelled on request", files=files)
    if timed_out_s is not None:
        line = f"ran longer than its {timed_out_s:g} s and was stopped"
        return Ending(status=JobState.FAILED, error=line, files=files)
    return Ending(
        status=JobState.FAILED,
        error=outcome.get("error") or _death(ended),
        traceback=outcome.get("traceback"),
        files=files,
    )


def line_of(error: ParkError) -> str:
    """Return an error of park as the one line that a job keeps."""
    return f"{error.message} ({error.hint})" if error.hint else error.message


def _death(ended: Ended) -> str:
    if ended.kind is EndKind.LOST:
        return f"lost with {ended.detail or 'its process, which left no outcome'}"
    if ended.kind is EndKind.NEVER_STARTED:
        return f"given up after {ended.attempt} attempts to start it: {ended.detail}"
    if ended.kind is EndKind.SIGNALLED:
        return ended.detail or f"the process was killed by signal {ended.signal}"
    return ended.detail or "its process ended without an outcome"
