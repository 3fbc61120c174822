"""What Slurm answers, as values; and what becomes of an attempt by that: decisions alone."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from park.runtime.child import UNCLAIMED
from park.runtime.processes import boot_id
from park_server.jobs.engines.engine import AttemptExit, ExitKind, StartOrder
from park_server.jobs.engines.evidence import Evidence, exit_of
from park_server.jobs.engines.offers import PartitionOffer

__all__ = [
    "SINFO",
    "SQUEUE",
    "BatchJob",
    "Refusal",
    "cut_off",
    "ended",
    "is_copy",
    "is_over",
    "may_still_run",
    "parse_exit_status",
    "parse_sinfo",
    "parse_squeue",
    "refusal_of",
    "started_again",
]

SQUEUE = ("squeue", "--me", "--noheader", "--states=all", "--format=%i|%j|%T|%r|%N|%S")
SINFO = ("sinfo", "--noheader", "--format=%P|%D|%c|%m|%G|%l|%C")


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchJob:
    """A batch job as squeue shows it."""

    id: str
    name: str
    state: str
    reason: str = ""
    node: str = ""

    @property
    def remark(self) -> str:
        """How it is, for people."""
        why = f" ({self.reason})" if self.reason not in {"", "None"} else ""
        where = f" on {self.node}" if self.node else ""
        return f"Slurm job {self.id}: {self.state}{why}{where}"


UNREACHABLE = 69
"""What a node ends with that does not get through to its service: see `park_server.on_node`."""

_OVER = frozenset(
    {
        *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"),
        *("OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "SPECIAL_EXIT", "TIMEOUT"),
    }
)
"""The states of squeue(1) in which nothing of a job runs any more."""

_LOST = frozenset({"NODE_FAIL", "PREEMPTED", "BOOT_FAIL"})
"""Ends that are no fault of the job's."""


def is_over(state: str) -> bool:
    """Tell whether a job in ``state`` has ended, and nothing of it runs."""
    return state in _OVER


def parse_squeue(text: str) -> list[BatchJob]:
    """Return the jobs in an answer of `SQUEUE`; what is no job's line is left out."""
    found = []
    for line in text.splitlines():
        parts = line.split("|")
        if len(parts) >= 5:  # noqa: PLR2004 (the columns of `SQUEUE` that are read)
            id, name, state, reason, node = (part.strip() for part in parts[:5])  # noqa: A001
            found.append(BatchJob(id=id, name=name, state=state, reason=reason, node=node))
    return found


_SINFO_COLUMNS = 7
_TIME = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)")


def parse_sinfo(text: str) -> tuple[dict[str, PartitionOffer], str | None]:
    """Return the partitions in an answer of `SINFO`, and the name of the cluster's default."""
    found: dict[str, PartitionOffer] = {}
    default = None
    for line in text.splitlines():
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != _SINFO_COLUMNS:
            continue
        name = parts[0].rstrip("*")
        default = name if parts[0].endswith("*") else default
        offer = _partition(parts)
        before = found.get(name)
        found[name] = offer if before is None else _together(before, offer)
    return found, default


def _partition(parts: list[str]) -> PartitionOffer:
    _, nodes, cpus, memory, gres, limit, used = parts
    counts = [int(each) for each in used.split("/") if each.isdigit()] or [0]
    return PartitionOffer(
        nodes=_number(nodes),
        cpus=_number(cpus),
        memory_bytes=_number(memory) << 20,
        gpus=_gpus(gres),
        longest_s=_seconds(limit),
        all_cpus=counts[-1],
        cpus_taken=counts[0],
    )


def _together(one: PartitionOffer, other: PartitionOffer) -> PartitionOffer:
    """Return a partition whose nodes sinfo shows in two lines, since they differ."""
    return replace(
        one,
        nodes=one.nodes + other.nodes,
        cpus=max(one.cpus, other.cpus),
        memory_bytes=max(one.memory_bytes, other.memory_bytes),
        gpus=max(one.gpus, other.gpus),
        all_cpus=one.all_cpus + other.all_cpus,
        cpus_taken=one.cpus_taken + other.cpus_taken,
    )


def _number(text: str) -> int:
    found = re.match(r"\d+", text)  # with a +, where nodes differ
    return int(found[0]) if found else 0


def _gpus(gres: str) -> int:
    """Return the devices in ``gpu:2``, ``gpu:a100:4(S:0-1)`` and the like."""
    counts = re.findall(r"gpu(?::[A-Za-z][^:,()]*)?:(\d+)", gres)
    return sum(map(int, counts))


def _seconds(limit: str) -> float | None:
    found = _TIME.fullmatch(limit)
    if found is None:
        return None  # infinite
    days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


class Refusal(Enum):
    """What a failed sbatch means."""

    REFUSED = auto()
    """Slurm has answered, and does not take the job."""
    UNKNOWN = auto()
    """Nobody knows whether it has the job: it is looked for by its name."""


_ANSWER = "sbatch: error: "
_DOUBTS = (
    *("timed out", "unable to contact", "zero bytes", "connection", "communication", "transport"),
    *("temporarily", "socket", "authentication", "backup controller"),
)
"""Words of errors after which slurmctld may have the job all the same, or has not been asked."""


def refusal_of(stderr: str) -> tuple[Refusal, str]:
    """Say what an sbatch that failed with ``stderr`` means, and its last line for people."""
    lines = [line.removeprefix(_ANSWER) for line in stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else "sbatch said nothing"
    is_answer = _ANSWER in stderr and not any(word in stderr.lower() for word in _DOUBTS)
    return (Refusal.REFUSED if is_answer else Refusal.UNKNOWN), last


def ended(
    order: StartOrder, evidence: Evidence, job: BatchJob | None, *, is_ours: bool, output: str = ""
) -> AttemptExit:
    """Return how an attempt exited of which nothing runs any more.

    ``job`` is what Slurm says of it, None where it knows nothing any more; ``is_ours``: this
    service had it cancelled. ``output`` is the last line of its batch script. What the job itself
    left as its outcome counts first, then what Slurm says, then how its process exited.
    """
    seen = exit_of(order, evidence)
    has_told = evidence.outcome is not None or evidence.flaw is not None
    if has_told or (job is not None and job.state == "COMPLETED"):
        return seen
    said = _said_by_slurm(job, is_ours=is_ours)
    if said is None:
        said = _said_by_script(evidence, job, output)
    return seen if said is None else _exit(order, *said)


def parse_exit_status(text: str) -> int | None:
    """Return the status in an answer of ``scontrol show job``; None where none is told."""
    found = re.search(r"\bExitCode=(\d+):", text)
    return None if found is None else int(found[1])


def is_copy(evidence: Evidence, status: int | None) -> bool:
    """Tell whether a batch job that ended with ``status`` was a copy of one that still runs.

    A controller that was killed may start a job once more that it has forgotten to have started.
    The copy does not get the attempt; whose that is goes on, as far as can be seen from here.
    """
    is_told = evidence.outcome is not None or evidence.exit is not None
    if status != UNCLAIMED or is_told or evidence.owner is None:
        return False
    return evidence.owner.boot != boot_id() or evidence.owner.is_alive()


def started_again(
    order: StartOrder, evidence: Evidence, job: BatchJob, status: int | None
) -> AttemptExit | None:
    """Return how an attempt exited that Slurm had ended, and whose copy came too late; else None.

    So a killed controller does that had not saved yet that the job runs.
    """
    is_told = evidence.outcome is not None or evidence.exit is not None
    if status != UNCLAIMED or is_told or evidence.owner is None:
        return None
    line = f"its batch job, which Slurm ended and started again (Slurm job {job.id})"
    return _exit(order, ExitKind.LOST, line)


FORGOTTEN_S = 30.0
"""How long an attempt on another machine may go on without Slurm: a node that comes to a controller
with a job that this does not know is told to end it, within seconds."""


def may_still_run(evidence: Evidence, *, forgotten_s: float) -> bool:
    """Tell whether an attempt may run that Slurm has not known for ``forgotten_s``."""
    is_told = evidence.outcome is not None or evidence.exit is not None
    if is_told or evidence.owner is None:
        return False
    if evidence.owner.boot == boot_id():
        return evidence.owner.is_alive()
    return forgotten_s < FORGOTTEN_S


def cut_off(
    order: StartOrder, evidence: Evidence, job: BatchJob, status: int | None, service: str
) -> AttemptExit | None:
    """Return how an attempt exited whose node did not get through to the ``service``.

    None where it did, as the exit ``status`` of its batch job tells.
    """
    if status != UNREACHABLE or evidence.outcome is not None:
        return None
    where = f"its node {job.node}" if job.node else "its node"
    if evidence.claimed:
        line = f"{where}, which did not reach this service any more (Slurm job {job.id})"
        return _exit(order, ExitKind.LOST, line)
    line = f"{where} does not reach this service at {service} (Slurm job {job.id})"
    return _exit(order, ExitKind.EXITED, line)


def _said_by_slurm(job: BatchJob | None, *, is_ours: bool) -> tuple[ExitKind, str] | None:
    """Return how Slurm itself ended a job; None where the job ended, or nobody knows."""
    if job is None:
        return None
    if job.state == "CANCELLED" and not is_ours:
        line = f"cancelled in Slurm (job {job.id}), by somebody else than this service"
        return ExitKind.CANCELLED, line
    if job.state in _LOST:
        what = f"its node {job.node}" if job.node else "its node"
        return ExitKind.LOST, f"{what} (Slurm job {job.id}: {job.state})"
    said = _LINES.get(job.state)
    return None if said is None else (ExitKind.EXITED, f"{said} (Slurm job {job.id}: {job.state})")


def _said_by_script(
    evidence: Evidence, job: BatchJob | None, output: str
) -> tuple[ExitKind, str] | None:
    """Return how an attempt ended whose process told nothing; None where it did."""
    if job is None:
        # what Slurm does not know, it has its nodes end
        was_ended = (evidence.exit or {}).get("signal") == signal.SIGTERM
        is_lost = evidence.claimed and (evidence.exit is None or was_ended)
        line = "its batch job, of which Slurm knows nothing any more"
        return (ExitKind.LOST, line) if is_lost else None
    after = f": {output}" if output else ""
    if evidence.exit is None:
        reason = "" if job.reason in {"", "None"} else f", {job.reason}"
        return ExitKind.EXITED, f"Slurm ended it (job {job.id}: {job.state}{reason}){after}"
    if not evidence.claimed:
        return ExitKind.EXITED, f"could not start on its node (Slurm job {job.id}){after}"
    return None


_LINES: Mapping[str, str] = {
    "TIMEOUT": "ran longer than its walltime and was stopped",
    "DEADLINE": "was not done by its deadline and was stopped",
    "OUT_OF_MEMORY": "out of memory: it used more than it asked for",
}


def _exit(order: StartOrder, kind: ExitKind, detail: str) -> AttemptExit:
    return AttemptExit(job_id=order.job_id, attempt=order.attempt, kind=kind, detail=detail)
