"""What is known of a piece on another service is what that service has said of it."""

from __future__ import annotations

import pytest

from park.model.conditions import JobIs
from park.model.conditions_json import condition_to_json
from park.model.ids import JobId
from park.model.states import JobKind, JobState, NodeKind, Phase
from park.model.truth import Truth
from park.wire import GraphNode
from park_server.jobs.conditions.facts import JobFact, verdict_of_job
from park_server.page.remote_pieces import as_told, placed

JOB = JobId("01a21dab-e57b-7127-840e-59d5de53047b")
NODE = placed(
    GraphNode(
        id=JOB, kind=NodeKind.REMOTE, label="…53047b", status="remote",
        service="https://sns.example:8750/park",
    )
)  # fmt: skip


def told(phase: Phase, status: JobState, error: str | None = None) -> GraphNode:
    """Return the piece after what its service says of it in that state."""
    leaf = JobIs(job=JOB, phase=phase)
    fact = JobFact(
        id=JOB, user="ada", kind=JobKind.CALL, entry_point="lab.reduction:Reduce",
        status=status, attempt=1, error=error,
    )  # fmt: skip
    verdict = verdict_of_job(leaf, fact)
    return as_told(NODE, condition_to_json(leaf)["condition"], verdict.truth, verdict.why)


def test_a_piece_says_where_it_is() -> None:
    assert NODE.label == "…53047b on sns.example:8750"


def test_what_has_failed_says_what_it_was_and_why() -> None:
    node = told(Phase.COMPLETED, JobState.FAILED, "FileNotFoundError: no 'run.zip' (there)")
    assert (node.status, node.label) == ("failed", "Reduce on sns.example:8750")
    assert node.why == "FileNotFoundError: no 'run.zip' (there)"


@pytest.mark.parametrize(
    ("phase", "status", "error", "shown"),
    [
        (Phase.COMPLETED, JobState.COMPLETED, None, "completed"),
        # that it failed is what was waited for: no success
        (Phase.FAILED, JobState.FAILED, "ValueError: thin", "failed"),
        (Phase.FAILED, JobState.COMPLETED, None, "completed"),
        (Phase.COMPLETED, JobState.CANCELLED, "cancelled on request", "cancelled"),
        (Phase.COMPLETED, JobState.CANCELLED, "its time was over", "cancelled"),
        (Phase.COMPLETED, JobState.RUNNING, None, "remote"),
        (Phase.FINISHED, JobState.COMPLETED, None, "remote"),
    ],
)
def test_its_state_is_what_the_verdict_says_of_it(
    phase: Phase, status: JobState, error: str | None, shown: str
) -> None:
    assert told(phase, status, error).status == shown


def test_what_goes_on_says_what_it_is() -> None:
    assert told(Phase.COMPLETED, JobState.RUNNING).label == "Reduce on sns.example:8750"
    leaf = {"job": JOB, "is": "completed"}
    assert as_told(NODE, leaf, Truth.NOT_YET, "") == NODE
    done = as_told(NODE, leaf, Truth.TRUE, "job …53047b (lab.reduction:Reduce) is running")
    assert (done.status, done.label) == ("completed", "Reduce on sns.example:8750")


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ("lab.reduction:Reduce", "Reduce"),
        ("fit('a:b', (1, 2))", "fit"),
        ("reduce run 4711 (again)", "reduce run 4711 (again)"),
    ],
)
def test_it_has_the_name_that_people_call_it_by(named: str, shown: str) -> None:
    leaf = {"job": JOB, "is": "completed"}
    waits = as_told(NODE, leaf, Truth.NOT_YET, f"job …53047b ({named}) is running")
    assert waits.label == f"{shown} on sns.example:8750"
    why = "ValueError: (2) is completed; it failed"
    said = f"needs job …53047b ({named}) completed; it failed: {why}"
    over = as_told(NODE, leaf, Truth.NEVER, said)
    assert (over.label, over.status, over.why) == (waits.label, "failed", why)


def test_words_that_cannot_be_read_are_shown() -> None:
    node = as_told(NODE, {"job": JOB, "is": "completed"}, Truth.NEVER, "no grant came with it")
    assert (node.status, node.why) == ("remote", "no grant came with it")
