"""From how a process ended to how its job ended: a pure decision."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from park.model.states import JobState
from park.wire import FileRecord
from park_server.jobs.engine import Ended, EndKind
from park_server.jobs.store import Ending

__all__ = ["ending_of"]


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


def _death(ended: Ended) -> str:
    if ended.kind is EndKind.LOST:
        return f"lost: {ended.detail or 'its process is gone and left no outcome'}"
    if ended.kind is EndKind.SIGNALLED:
        return f"killed by {_signal_name(ended.signal)}"
    return ended.detail or "its process ended without an outcome"


def _signal_name(number: int | None) -> str:
    try:
        return signal.Signals(number or 0).name
    except ValueError:
        return f"signal {number}"
