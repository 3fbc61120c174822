"""What the folder of a job proves about an attempt that nobody followed to its end."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import Any

from park.model.file_names import readable
from park.model.states import JobState
from park.runtime.folder import JobFolder, read_claim
from park.runtime.processes import Identity, exit_line
from park_server import untrusted
from park_server.jobs.engines.engine import AttemptExit, ExitKind, StartOrder
from park_server.untrusted import NotPlain

__all__ = [
    "Evidence",
    "claim_for_service",
    "exit_of",
    "finished_evidence",
    "is_large",
    "never_started",
    "owner_of",
    "read_evidence",
]

_OUTCOME, _EXIT = "outcome.json", "exit.json"

_OUTCOME_BYTES = 512 << 20
"""The result of a job is in it. What is larger is a file, and belongs into one."""

_EXIT_BYTES = 65_536
"""More than its few numbers ever take."""

_LARGE_BYTES = 256 << 10
"""What takes longer to read than a thread takes to be asked: some milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """The records of one attempt: ``owner`` claimed it, ``outcome`` and ``exit`` as written.

    ``flaw`` says what is in the place of the outcome, where that is none. ``reuse``: the process
    may have other jobs after this one.
    """

    claimed: bool
    owner: Identity | None
    outcome: dict[str, Any] | None
    exit: dict[str, Any] | None
    flaw: str | None = None
    reuse: bool = False

    @property
    def is_done(self) -> bool:
        """Whether the job has told its end and that nothing of it runs, in a process that stays."""
        return self.reuse and self.outcome is not None and self.outcome.get("stays") is True

    @property
    def has_told(self) -> bool:
        """Whether the job has left its own account of its end, be it a good one or not."""
        return self.outcome is not None or self.flaw is not None


def read_evidence(order: StartOrder) -> Evidence:
    """Read the records of ``order``'s attempt; those of another attempt do not count."""
    claim = _claim(order)
    outcome, flaw = _read_outcome(order)
    return Evidence(
        claimed=claim is not None,
        owner=None if claim is None else Identity.from_record(claim),
        outcome=outcome,
        exit=_read_exit(order),
        flaw=flaw,
        reuse=claim is not None and claim.get("reuse") is True,
    )


def finished_evidence(order: StartOrder) -> Evidence:
    """Return what a job left that announced its own end: its outcome, and nothing else is read."""
    outcome, flaw = _read_outcome(order)
    return Evidence(claimed=False, owner=None, outcome=outcome, exit=None, flaw=flaw)


def owner_of(order: StartOrder) -> Identity | None:
    """Return the process that claimed ``order``'s attempt; None where no process did."""
    claim = _claim(order)
    return None if claim is None else Identity.from_record(claim)


def is_large(order: StartOrder) -> bool:
    """Tell whether to read the records of ``order`` takes so long that an event loop would wait."""
    try:
        return os.lstat(f"{order.directory}/{_OUTCOME}").st_size > _LARGE_BYTES
    except OSError:
        return False


def _claim(order: StartOrder) -> dict[str, Any] | None:
    return read_claim(JobFolder(root=str(order.directory)).attempt(order.attempt))


def _read_outcome(order: StartOrder) -> tuple[dict[str, Any] | None, str | None]:
    """Return the outcome of ``order``'s attempt, and what is wrong with one that cannot be read."""
    try:
        record = _record(order, _OUTCOME, _OUTCOME_BYTES)
        outcome = _of_attempt(record, order.attempt)
        return (None if outcome is None else _checked(outcome)), None
    except NotPlain as error:
        return None, f"what it left as its outcome ({_OUTCOME}) is {error}"


def _record(order: StartOrder, name: str, limit: int) -> dict[str, Any] | None:
    """Return what `untrusted.read_json` finds in the folder of a job, the last part of its path."""
    above, _, folder = str(order.directory).rpartition("/")  # a `Path` takes ten times as long
    return untrusted.read_json(above, [folder, name], limit)


def _checked(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome whose texts can be shown; raises `NotPlain` for another shape."""
    if outcome.get("state") not in {JobState.COMPLETED, JobState.FAILED}:
        raise NotPlain(f"in no state that a job ends in: {outcome.get('state')!r:.100}")
    texts = {name: outcome[name] for name in ("error", "traceback") if outcome.get(name)}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise NotPlain(f"one whose {name} is no text")
    return outcome | {name: readable(text) for name, text in texts.items()}


def _read_exit(order: StartOrder) -> dict[str, Any] | None:
    """Return how the process of ``order`` ended, where its fork server could write that down."""
    try:
        record = _record(order, _EXIT, _EXIT_BYTES)
    except NotPlain:
        return None
    found = _of_attempt(record, order.attempt)
    if found is None:
        return None
    numbers = {name: found.get(name) for name in ("status", "signal")}
    return numbers if all(n is None or type(n) is int for n in numbers.values()) else None


def _of_attempt(record: dict[str, Any] | None, attempt: int) -> dict[str, Any] | None:
    return record if record is not None and record.get("attempt") == attempt else None


def exit_of(order: StartOrder, evidence: Evidence) -> AttemptExit:
    """Say how an attempt exited whose process is gone, by what it left."""
    if evidence.claimed and evidence.owner is None:
        return never_started(order, "the service took the attempt back before it started")
    record = evidence.exit or {}
    status, signal = record.get("status"), record.get("signal")
    if signal is not None:
        kind = ExitKind.SIGNALLED
    elif status is not None or evidence.has_told:
        kind = ExitKind.EXITED
    else:
        kind = ExitKind.LOST
    return AttemptExit(
        job_id=order.job_id,
        attempt=order.attempt,
        kind=kind,
        outcome=evidence.outcome,
        detail=_detail(kind, evidence, status, signal),
        status=status,
        signal=signal,
    )


def _detail(
    kind: ExitKind, evidence: Evidence, status: int | None, signal: int | None
) -> str | None:
    if kind is ExitKind.LOST:
        who = f"process {evidence.owner.pid}" if evidence.owner else "its process"
        return f"{who}, which ended with nobody there to see how, and left no outcome"
    if evidence.flaw is not None and signal is None:
        return evidence.flaw
    return None if evidence.outcome is not None else exit_line(status, signal)


def never_started(order: StartOrder, detail: str) -> AttemptExit:
    """Return the exit of an attempt that is proven never to have started."""
    return AttemptExit(
        job_id=order.job_id, attempt=order.attempt, kind=ExitKind.NEVER_STARTED, detail=detail
    )


def claim_for_service(order: StartOrder) -> bool:
    """Claim the attempt, so that nothing can start under it any more; False: it has started."""
    order.directory.mkdir(exist_ok=True)  # a crash may have come before there was a folder
    # no claim of the service is like another: only who asks again owns what is there already
    owner = {"claimed_by": "service", "claim": secrets.token_hex(8)}
    return JobFolder(root=str(order.directory)).claim(order.attempt, owner)
