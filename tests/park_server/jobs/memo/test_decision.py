from __future__ import annotations

from typing import Any

import pytest
from support.material.calls import ASKED, candidate

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park.model.states import JobState
from park_server.jobs.memo.decision import Candidate, Decision, Way, decided


def of(*candidates: Candidate, answers: bool | None = True) -> Decision:
    return decided(ASKED, candidates, runtime_hash="ef", answers=lambda _: answers)


@pytest.mark.parametrize("status", [JobState.QUEUED, JobState.RUNNING])
def test_what_is_under_way_is_joined(status: JobState) -> None:
    assert of(candidate("other", status)) == Decision(Way.JOINED, JobId("other"))


@pytest.mark.parametrize(
    "facts",
    [
        {"user": "you"},
        {"lock_hash": "cd"},
        {"timeout_s": 5.0},
        {"stalled_after_s": 5.0},
        {"memory_bytes": 1 << 30},
        {"resources": Resources(walltime_s=5.0)},
    ],
    ids=str,
)
def test_a_run_of_others_elsewhere_or_with_other_limits_is_not_joined(
    facts: dict[str, Any],
) -> None:
    assert of(candidate("other", JobState.RUNNING, **facts)) == Decision(Way.RUN)


def test_the_newest_that_answers_does_and_a_run_of_another_runtime_does_not() -> None:
    old, new = candidate("old"), candidate("new")
    assert of(new, old) == Decision(Way.ANSWERED, JobId("new"))
    assert of(candidate("other", runtime_hash="gh"), old) == Decision(Way.ANSWERED, JobId("old"))
    assert of(candidate("other", runtime_hash="gh")) == Decision(Way.RUN)


def test_an_answer_is_better_than_to_wait_and_that_better_than_to_look() -> None:
    running = candidate("running", JobState.RUNNING)
    assert of(running, candidate("done")).way is Way.ANSWERED
    assert of(running, candidate("done"), answers=None).way is Way.JOINED
    assert of(candidate("done"), answers=None) == Decision(Way.UNDECIDED, JobId("done"))
    assert of(candidate("done"), answers=False) == Decision(Way.RUN)


def test_a_job_is_no_answer_to_itself() -> None:
    assert of(candidate("asked")) == Decision(Way.RUN)
