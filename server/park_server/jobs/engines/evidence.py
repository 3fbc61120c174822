"""What the folder of a job proves about an attempt that nobody followed to its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from park.runtime.folder import JobFolder, read_claim, read_record
from park.runtime.processes import Identity, exit_line
from park_server.jobs.engines.engine import AttemptExit, ExitKind, StartOrder

__all__ = [
    "Evidence",
    "claim_for_service",
    "exit_of",
    "finished_evidence",
    "never_started",
    "read_evidence",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """The records of one attempt: ``owner`` claimed it, ``outcome`` and ``exit`` as written."""

    claimed: bool
    owner: Identity | None
    outcome: dict[str, Any] | None
    exit: dict[str, Any] | None


def read_evidence(order: StartOrder) -> Evidence:
    """Read the records of ``order``'s attempt; those of another attempt do not count."""
    folder = JobFolder(root=str(order.directory))
    claim = read_claim(folder.attempt(order.attempt))
    return Evidence(
        claimed=claim is not None,
        owner=None if claim is None else Identity.from_record(claim),
        outcome=_of_attempt(read_record(folder.outcome), order.attempt),
        exit=_of_attempt(read_record(folder.exit), order.attempt),
    )


def finished_evidence(order: StartOrder) -> Evidence:
    """Return what a job left that announced its own end: its outcome, and nothing else is read."""
    folder = JobFolder(root=str(order.directory))
    outcome = _of_attempt(read_record(folder.outcome), order.attempt)
    return Evidence(claimed=False, owner=None, outcome=outcome, exit=None)


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
    elif status is not None or evidence.outcome is not None:
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
    return None if evidence.outcome is not None else exit_line(status, signal)


def never_started(order: StartOrder, detail: str) -> AttemptExit:
    """Return the exit of an attempt that is proven never to have started."""
    return AttemptExit(
        job_id=order.job_id, attempt=order.attempt, kind=ExitKind.NEVER_STARTED, detail=detail
    )


def claim_for_service(order: StartOrder) -> bool:
    """Claim the attempt, so that nothing can start under it any more; False: it has started."""
    order.directory.mkdir(exist_ok=True)  # a crash may have come before there was a folder
    return JobFolder(root=str(order.directory)).claim(order.attempt, {"claimed_by": "service"})
