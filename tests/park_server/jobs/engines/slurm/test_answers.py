"""What Slurm answers, and what becomes of an attempt by that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from park.model.ids import JobId
from park.runtime import processes
from park.runtime.processes import Identity
from park_server.jobs.engines.engine import ExitKind, StartOrder
from park_server.jobs.engines.evidence import Evidence
from park_server.jobs.engines.slurm.answers import (
    BatchJob,
    Refusal,
    cut_off,
    ended,
    is_copy,
    is_over,
    may_still_run,
    parse_exit_status,
    parse_sinfo,
    parse_squeue,
    refusal_of,
    started_again,
)

ORDER = StartOrder(
    job_id=JobId("1"),
    attempt=1,
    directory=Path("/jobs/1"),
    environment=Path("/envs/ab"),
    lock_hash="ab",
    entry_point="m:f",
    set_hash="",
)
DONE = {"state": "completed", "result": 7}


def evidence(**facts: Any) -> Evidence:
    known: dict[str, Any] = {"claimed": True, "owner": None, "outcome": None, "exit": None}
    known["owner"] = Identity(pid=1, started=1, boot="b")
    return Evidence(**known | facts)


def batch(state: str, **facts: Any) -> BatchJob:
    return BatchJob(id="42", name="park-1.1", state=state, **facts)


def test_squeue_is_read_line_by_line() -> None:
    text = "42|park-1.1|PENDING|Licenses||N/A\nnoise\n43|x|RUNNING|None|n1|2026-11-27T12:00:00\n"
    pending, running = parse_squeue(text)
    assert pending == batch("PENDING", reason="Licenses")
    assert pending.remark == "Slurm job 42: PENDING (Licenses)"
    assert running.remark == "Slurm job 43: RUNNING on n1"
    assert not is_over("COMPLETING")
    assert is_over("NODE_FAIL")


def test_sinfo_is_read_and_nodes_that_differ_are_one_partition() -> None:
    found, default = parse_sinfo(
        "main*|4|4|8000|gpu:2|infinite|3/13/0/16\n"
        "main*|1|64+|256000+|gpu:a100:4(S:0-1),gpu:t4:1|infinite|0/64/0/64\n"
        "short|4|4|8000|(null)|5:00|0/16/0/16\n"
        "long|4|4|8000|gpu:2|2-00:00:00|0/16/0/16\nnoise\n"
    )
    assert default == "main"
    assert (found["main"].nodes, found["main"].cpus, found["main"].gpus) == (5, 64, 5)
    assert (found["main"].all_cpus, found["main"].cpus_taken) == (80, 3)
    assert found["main"].longest_s is None
    assert (found["short"].longest_s, found["short"].gpus) == (300.0, 0)
    assert found["long"].longest_s == 172_800.0
    assert found["short"].memory_bytes == 8000 << 20


FAILED = "sbatch: error: Batch job submission failed: "


@pytest.mark.parametrize(
    ("stderr", "meaning"),
    [
        (f"{FAILED}Invalid account", Refusal.REFUSED),
        (f"sbatch: error: invalid partition specified: x\n{FAILED}Invalid name", Refusal.REFUSED),
        (f"{FAILED}Requested node configuration is not available", Refusal.REFUSED),
        (f"{FAILED}Socket timed out on send/recv operation", Refusal.UNKNOWN),
        (f"{FAILED}Unable to contact slurm controller (connect failure)", Refusal.UNKNOWN),
        ("sbatch timed out after 30 s", Refusal.UNKNOWN),
        ("sbatch: [Errno 2] No such file or directory", Refusal.UNKNOWN),
        ("", Refusal.UNKNOWN),
    ],
)
def test_only_an_answer_of_slurms_is_a_refusal(stderr: str, meaning: Refusal) -> None:
    assert refusal_of(stderr)[0] is meaning


@pytest.mark.parametrize("state", ["COMPLETED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "FAILED"])
def test_what_a_job_left_as_its_outcome_counts_first(state: str) -> None:
    exited = ended(ORDER, evidence(outcome=DONE), batch(state), is_ours=False)
    assert exited.outcome == DONE


@pytest.mark.parametrize(
    ("state", "kind", "line"),
    [
        ("CANCELLED", ExitKind.CANCELLED, "cancelled in Slurm (job 42)"),
        ("TIMEOUT", ExitKind.EXITED, "ran longer than its walltime and was stopped"),
        ("DEADLINE", ExitKind.EXITED, "was not done by its deadline"),
        ("OUT_OF_MEMORY", ExitKind.EXITED, "out of memory"),
        ("NODE_FAIL", ExitKind.LOST, "its node n1 (Slurm job 42: NODE_FAIL)"),
        ("PREEMPTED", ExitKind.LOST, "PREEMPTED"),
        ("FAILED", ExitKind.EXITED, "Slurm ended it (job 42: FAILED, NonZeroExitCode): last line"),
        ("COMPLETED", ExitKind.LOST, "left no outcome"),
    ],
)
def test_else_what_slurm_says(state: str, kind: ExitKind, line: str) -> None:
    job = batch(state, node="n1", reason="NonZeroExitCode")
    exited = ended(ORDER, evidence(), job, is_ours=False, output="last line")
    assert exited.kind is kind
    assert line in (exited.detail or "")


def test_else_how_its_process_exited() -> None:
    killed = evidence(exit={"status": None, "signal": 9})
    assert ended(ORDER, killed, batch("FAILED"), is_ours=False).signal == 9
    assert ended(ORDER, killed, None, is_ours=False).kind is ExitKind.SIGNALLED
    assert ended(ORDER, killed, batch("CANCELLED"), is_ours=True).signal == 9


def test_what_never_came_to_claim_its_attempt_could_not_start_and_says_why() -> None:
    left = evidence(claimed=False, owner=None, exit={"status": 127, "signal": None})
    exited = ended(ORDER, left, batch("FAILED"), is_ours=False, output="python: not found")
    assert exited.kind is ExitKind.EXITED
    assert exited.detail == "could not start on its node (Slurm job 42): python: not found"


def test_what_slurm_knows_no_longer_and_left_nothing_is_lost() -> None:
    exited = ended(ORDER, evidence(), None, is_ours=False)
    assert exited.kind is ExitKind.LOST
    assert "Slurm knows nothing any more" in (exited.detail or "")


def test_the_exit_status_is_read_where_it_is_told() -> None:
    assert parse_exit_status("JobId=7 ExitCode=69:0 DerivedExitCode=0:0") == 69
    assert parse_exit_status("slurm_load_jobs error: Invalid job id specified") is None


@pytest.mark.parametrize(
    ("facts", "kind", "said"),
    [
        (
            {"claimed": False},
            ExitKind.EXITED,
            "its node n1 does not reach this service at http://lab (Slurm job 42)",
        ),
        (
            {"claimed": True},
            ExitKind.LOST,
            "its node n1, which did not reach this service any more (Slurm job 42)",
        ),
    ],
)
def test_a_node_that_does_not_get_through_is_told(
    facts: dict[str, Any], kind: ExitKind, said: str
) -> None:
    job = batch("FAILED", node="n1")
    found = cut_off(ORDER, evidence(**facts), job, 69, "http://lab")
    assert found is not None
    assert (found.kind, found.detail) == (kind, said)


def test_a_node_that_got_through_is_none_of_those() -> None:
    job = batch("FAILED", node="n1")
    assert cut_off(ORDER, evidence(claimed=False), job, 1, "http://lab") is None
    assert cut_off(ORDER, evidence(claimed=False), job, None, "http://lab") is None
    assert cut_off(ORDER, evidence(outcome=DONE), job, 69, "http://lab") is None


def test_a_batch_job_that_did_not_get_the_attempt_ends_nothing_while_that_runs() -> None:
    here = processes.identity(os.getpid())
    gone = Identity(pid=os.getpid(), started=1, boot=processes.boot_id())
    assert is_copy(evidence(), 75)  # its owner is on another machine
    assert is_copy(evidence(owner=here), 75)
    assert not is_copy(evidence(owner=gone), 75)
    assert not is_copy(evidence(owner=here), 1)
    assert not is_copy(evidence(owner=here, outcome=DONE), 75)
    assert not is_copy(evidence(owner=here, exit={"status": 0}), 75)
    assert not is_copy(evidence(owner=None), 75)


def test_what_slurm_has_forgotten_may_run_for_a_while() -> None:
    here = processes.identity(os.getpid())
    gone = Identity(pid=os.getpid(), started=1, boot=processes.boot_id())
    assert may_still_run(evidence(owner=here), forgotten_s=1e6)
    assert not may_still_run(evidence(owner=gone), forgotten_s=0)
    assert may_still_run(evidence(), forgotten_s=29)  # on another machine
    assert not may_still_run(evidence(), forgotten_s=31)
    assert not may_still_run(evidence(owner=here, outcome=DONE), forgotten_s=0)
    assert not may_still_run(evidence(owner=None), forgotten_s=0)


def test_what_slurm_had_forgotten_and_ended_is_lost_and_may_run_again() -> None:
    killed = evidence(exit={"status": None, "signal": 15})
    found = ended(ORDER, killed, None, is_ours=False)
    assert found.kind is ExitKind.LOST
    assert found.detail == "its batch job, of which Slurm knows nothing any more"
    own = evidence(exit={"status": None, "signal": 11})
    assert ended(ORDER, own, None, is_ours=False).kind is ExitKind.SIGNALLED


def test_what_slurm_ended_and_started_again_is_lost() -> None:
    found = started_again(ORDER, evidence(), batch("FAILED"), 75)
    assert found is not None
    assert found.kind is ExitKind.LOST
    assert found.detail == "its batch job, which Slurm ended and started again (Slurm job 42)"
    assert started_again(ORDER, evidence(), batch("FAILED"), 1) is None
    assert started_again(ORDER, evidence(outcome=DONE), batch("FAILED"), 75) is None
