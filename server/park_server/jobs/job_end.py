"""From how an attempt exits to how its job ends: a pure decision."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import NoneType
from typing import Any

from park.errors import ParkError, UsageError
from park.model.backoff import Backoff
from park.model.encoded_call import check_value
from park.model.job_options import JobOptions
from park.model.memo.usage import Usage
from park.model.states import JobState
from park.wire import FileRecord
from park_server.jobs.engines.engine import AttemptExit, ExitKind
from park_server.jobs.processor.use_in_words import hangs

__all__ = [
    "MOST_ATTEMPTS",
    "MOST_FORESTALLED",
    "ON_REQUEST",
    "STOPPED_EARLY",
    "JobEnd",
    "as_utf8",
    "cancelled_in_part",
    "cancelled_in_time",
    "cancelled_on_request",
    "end_of",
    "line_of",
    "may_run_again",
    "next_try",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class JobEnd:
    """How a job ends: its final state, and what it leaves.

    ``usage`` is what its run used, None where that is not known; ``unfit`` says why what it
    left answers no later call, and ``is_impure`` that it is of no use to who joined it either.
    ``machine`` is what its process found there.
    """

    status: JobState
    error: str | None = None
    traceback: str | None = None
    result: dict[str, Any] | None = None
    files: Sequence[FileRecord] = field(default_factory=tuple)
    usage: Usage | None = None
    unfit: str | None = None
    is_impure: bool = False
    machine: Mapping[str, str] = field(default_factory=dict)

    @property
    def line_if_asked(self) -> str:
        """What is said of it in place of ``error``, where the job was asked to stop."""
        if self.status is JobState.COMPLETED:
            return "; ".join(filter(None, [STOPPED_EARLY, self.error]))
        if self.status is JobState.CANCELLED:
            return "was asked to stop and to keep its best, went on, and was killed"
        return self.error or ""


STOPPED_EARLY = "stopped early, kept its best"
"""What is said of a job that was asked to stop, and returned what it had."""


ON_REQUEST = "cancelled on request"
"""What is said of a job that somebody cancelled who may."""


def cancelled_in_time() -> JobEnd:
    """Return the end of a job that was cancelled before it started."""
    return JobEnd(status=JobState.CANCELLED, error="cancelled before it started")


def cancelled_on_request(files: Sequence[FileRecord] = ()) -> JobEnd:
    """Return the end of a job that was cancelled while it ran, and left ``files``."""
    return JobEnd(status=JobState.CANCELLED, error=ON_REQUEST, files=files)


def cancelled_in_part(why: str) -> JobEnd:
    """Return the end of a job that was cancelled, and of which something may still run."""
    return JobEnd(
        status=JobState.CANCELLED,
        error=f"{ON_REQUEST}, but its processes may still run: {why}",
    )


MOST_ATTEMPTS = 5
"""A job whose processes vanish again and again, or never come to start, is given up then."""

MOST_FORESTALLED = 50
"""And one that a service was about to start whenever it died. That is rarely the job's doing, but a
job that it is the doing of would have a service that is started again die without end."""


def may_run_again(
    exited: AttemptExit, *, restartable: bool, failures: int = 0, forestalled: bool = False
) -> bool:
    """Tell whether a job may run from the beginning after its attempt ``exited``.

    Only where nothing of the user's ran, or where the process is gone without an outcome
    (`ExitKind.LOST`) and the job may be restarted: not after a death that somebody saw,
    because the same would come again. Attempts that count as ``failures`` do not count here.
    ``forestalled``: the service that was to start this attempt has ended.
    """
    never_started = exited.kind is ExitKind.NEVER_STARTED
    most = MOST_FORESTALLED if forestalled and never_started else MOST_ATTEMPTS
    if exited.attempt - failures >= most or exited.outcome is not None:
        return False
    return never_started or (exited.kind is ExitKind.LOST and restartable)


def next_try(options: JobOptions, failures: int, *, now: datetime | None = None) -> datetime | None:
    """Return when a job that has just failed, ``failures`` times before, may run again.

    None where its retries are spent. Each failure doubles the time to wait, up to a day.
    """
    if failures >= options.retries:
        return None
    wait_s = Backoff(first_s=options.backoff_s, longest_s=_LONGEST_WAIT_S).after(failures + 1)
    return (now or datetime.now(UTC)) + timedelta(seconds=wait_s)


_LONGEST_WAIT_S = 86_400.0


def end_of(
    exited: AttemptExit,
    *,
    files: Sequence[FileRecord],
    cancel_requested: bool,
    timed_out_s: float | None,
    not_kept: str = "",
    forked_cpu_s: float | None = None,
    stalled_s: float | None = None,
    late_s: float | None = None,
) -> JobEnd:
    """Return how a job ends whose last attempt ``exited``; ``not_kept`` says why it has no files.

    That is a remark to however it ended: the result of a long computation is no worse for it.
    ``forked_cpu_s`` is what a forked one had used of the processor when its time was up,
    ``stalled_s`` how long one said nothing of its progress that was ended for it, ``late_s`` how
    long it took without coming to its call.
    """
    if exited.short_of_memory:
        forked_cpu_s = None  # what it waited for was no thread
    too_long = None if timed_out_s is None else _out_of_time(timed_out_s, forked_cpu_s)
    if stalled_s is not None and too_long is None:
        too_long = f"said nothing of its progress for {stalled_s:g} s and was stopped"
    if late_s is not None and too_long is None:
        too_long = f"was still importing its modules after {late_s:g} s and was stopped"
    end = _end_of(exited, files, cancel_requested=cancel_requested, too_long=too_long)
    if not not_kept:
        return end
    return replace(end, error="; ".join(filter(None, [end.error, not_kept])))


def _end_of(
    exited: AttemptExit,
    files: Sequence[FileRecord],
    *,
    cancel_requested: bool,
    too_long: str | None,
) -> JobEnd:
    """Return how a job ends; ``too_long`` says that its time was up.

    An outcome that the job itself wrote counts first: what completed before the signal of a
    cancel reached it has completed. Then the reason why it was stopped, then how it died.
    What a job wrote may be anything: where it is no outcome, that is how the job failed.
    """
    outcome = exited.outcome or {}
    if why := _unreadable(outcome):
        return JobEnd(status=JobState.FAILED, error=why, files=files)
    if outcome.get("state") == JobState.COMPLETED:
        result = outcome.get("result")
        return JobEnd(
            status=JobState.COMPLETED, result=result, files=files, machine=_machine(outcome)
        )
    if cancel_requested:
        return cancelled_on_request(files)
    if exited.kind is ExitKind.CANCELLED and too_long is None:
        return JobEnd(status=JobState.CANCELLED, error=exited.detail, files=files)
    if too_long is not None:
        return JobEnd(status=JobState.FAILED, error=_beside_memory(too_long, exited), files=files)
    said = _within(outcome.get("error") or "", _LINE_CHARACTERS)
    return JobEnd(
        status=JobState.FAILED,
        error=_beside_memory(said, exited) if said else _death(exited),
        traceback=_within(outcome.get("traceback") or "", _TRACEBACK_CHARACTERS) or None,
        files=files,
        machine=_machine(outcome),
    )


def _beside_memory(why: str, exited: AttemptExit) -> str:
    """Return ``why`` a job failed, with what the kernel ended beside it: often that is why.

    Who waits for a process that is gone (a worker of `multiprocessing`) waits for ever, and
    who has started it hears of a signal and no more.
    """
    if not exited.short_of_memory:
        return why
    return (
        f"{why}; a process of it, or of a job beside it, was ended meanwhile "
        f"{exited.short_of_memory}"
    )


_LINE_CHARACTERS, _TRACEBACK_CHARACTERS = 2_000, 50_000
"""Read with each look at the job, in the event loop: a message may have been 50 MB."""


def _within(text: str, most: int) -> str:
    """Return ``text``, or its beginning and its end, where a traceback says what was raised."""
    if len(text) > most:
        left_out = f"\n… {len(text) - most:,} characters are left out …\n"
        text = text[: most // 2] + left_out + text[-most // 2 :]
    return as_utf8(text)


_MOST_FACTS = 16
_MOST_FACT_CHARACTERS = 200


def _machine(outcome: Mapping[str, Any]) -> dict[str, str]:
    """Return what the process found of its machine: a few short texts, whatever it wrote there."""
    found = outcome.get("machine")
    if not isinstance(found, Mapping):
        return {}
    texts = [
        pair for pair in found.items() if isinstance(pair[0], str) and isinstance(pair[1], str)
    ]
    return {
        as_utf8(name[:_MOST_FACT_CHARACTERS]): as_utf8(value[:_MOST_FACT_CHARACTERS])
        for name, value in texts[:_MOST_FACTS]
    }


def _out_of_time(limit_s: float, forked_cpu_s: float | None) -> str:
    line = f"ran longer than its {limit_s:g} s and was stopped"
    why = "" if forked_cpu_s is None else hangs(forked_cpu_s, limit_s)
    return f"{line}; it used the processor for {forked_cpu_s:.1f} s of them: {why}" if why else line


def _unreadable(outcome: Mapping[str, Any]) -> str:
    """Say what of an outcome the service cannot keep; nothing where it can."""
    for name in ("error", "traceback"):
        if not isinstance(outcome.get(name), (str, NoneType)):
            kind = type(outcome[name]).__name__
            return f"its outcome cannot be read: the {name} in it is a {kind}, and no text"
    try:
        check_value(outcome.get("result"), "its result")
    except UsageError as error:
        return f"its outcome cannot be kept: {line_of(error)}"
    return ""


def as_utf8(text: str) -> str:
    """Return ``text`` with half surrogate pairs, which UTF-8 has not, as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def line_of(error: ParkError) -> str:
    """Return an error of park as the one line that a job keeps."""
    return f"{error.message} ({error.hint})" if error.hint else error.message


def _death(exited: AttemptExit) -> str:
    if exited.kind is ExitKind.LOST:
        return f"lost with {exited.detail or 'its process, which left no outcome'}"
    if exited.kind is ExitKind.NEVER_STARTED:
        return f"given up after {exited.attempt} attempts to start it: {exited.detail}"
    if exited.signal == signal.SIGKILL and exited.short_of_memory:
        return f"it was ended {exited.short_of_memory}"
    if exited.kind is ExitKind.SIGNALLED:
        return exited.detail or f"the process was killed by signal {exited.signal}"
    return exited.detail or "its process ended without an outcome"
