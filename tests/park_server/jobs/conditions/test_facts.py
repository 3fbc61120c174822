"""What jobs and installs are worth to a leaf."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from park.errors import UsageError
from park.model.conditions import After, At, Before, InstallIs, JobIs, Phase
from park.model.ids import JobId
from park.model.states import InstallState, JobKind, JobState
from park.model.truth import Truth
from park_server.jobs.conditions.facts import (
    InstallFact,
    JobFact,
    elided,
    verdict_of_install,
    verdict_of_job,
    verdict_of_time,
)

MOMENT = datetime(2026, 11, 26, 7, tzinfo=UTC)


def job(status: JobState, *, attempt: int = 1, **facts: Any) -> JobFact:
    facts = {"kind": JobKind.CALL, **facts}
    return JobFact(
        id=JobId("a"), user="ada", entry_point="m:fit", status=status, attempt=attempt, **facts
    )


def install(state: InstallState, **facts: Any) -> InstallFact:
    return InstallFact(
        id="i", state=state, set_hash="cd", project="mymodel", version="1.0", **facts
    )


@pytest.mark.parametrize(
    ("phase", "fact", "truth"),
    [
        (Phase.COMPLETED, job(JobState.RUNNING), Truth.NOT_YET),
        (Phase.COMPLETED, job(JobState.COMPLETED), Truth.TRUE),
        (Phase.COMPLETED, job(JobState.FAILED), Truth.NEVER),
        (Phase.FAILED, job(JobState.COMPLETED), Truth.NEVER),
        (Phase.FINISHED, job(JobState.CANCELLED), Truth.TRUE),
        (Phase.STARTED, job(JobState.QUEUED, attempt=0), Truth.NOT_YET),
        (Phase.STARTED, job(JobState.QUEUED), Truth.TRUE),  # it failed once, and is tried again
        (Phase.STARTED, job(JobState.CANCELLED, attempt=0), Truth.NEVER),
    ],
)
def test_a_leaf_about_a_job(phase: Phase, fact: JobFact, truth: Truth) -> None:
    assert verdict_of_job(JobIs(job="a", phase=phase), fact).truth is truth


def test_what_will_never_be_says_how_the_job_ended() -> None:
    fact = job(JobState.FAILED, error="ZeroDivisionError: division by zero")
    verdict = verdict_of_job(JobIs(job="a", phase=Phase.COMPLETED), fact)
    assert verdict.why.endswith("it failed: ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (job(JobState.RUNNING), ""),
        (job(JobState.COMPLETED), "completed"),
        (job(JobState.FAILED), "failed"),
        (job(JobState.FAILED, error="x"), "failed: x"),
        (job(JobState.CANCELLED), "was cancelled"),
        (job(JobState.CANCELLED, error="cancelled on request"), "was cancelled on request"),
        (job(JobState.CANCELLED, error="needs b"), "was cancelled: needs b"),
    ],
)
def test_how_a_job_ended(fact: JobFact, line: str) -> None:
    assert fact.how_it_ended == line


def test_a_fetch_is_named_without_its_entry_point() -> None:
    assert job(JobState.QUEUED, kind=JobKind.FETCH).name == "fetch a"
    assert job(JobState.QUEUED).name == "job a (m:fit)"


def test_a_job_is_named_as_people_call_it() -> None:
    fact = job(JobState.RUNNING, label="fit(film.txt, seed=3)")
    assert fact.name == "job a (fit(film.txt, seed=3))"
    assert JobFact.at_end(fact, JobState.FAILED, "boom").name == fact.name


@pytest.mark.parametrize(
    ("phase", "fact", "truth"),
    [
        (Phase.COMPLETED, install(InstallState.RESOLVING, lock_hash=None), Truth.NOT_YET),
        (Phase.COMPLETED, install(InstallState.READY, lock_hash="ab"), Truth.TRUE),
        (Phase.COMPLETED, install(InstallState.FAILED, lock_hash=None), Truth.NEVER),
        (Phase.FAILED, install(InstallState.FAILED, lock_hash=None), Truth.TRUE),
        (Phase.FINISHED, install(InstallState.FAILED, lock_hash=None), Truth.TRUE),
    ],
)
def test_a_leaf_about_an_install(phase: Phase, fact: InstallFact, truth: Truth) -> None:
    assert verdict_of_install(InstallIs(install="i", phase=phase), fact).truth is truth


@pytest.mark.parametrize(
    ("leaf", "late", "truth"),
    [
        (At(moment=MOMENT), -1, Truth.NOT_YET),
        (At(moment=MOMENT), 0, Truth.TRUE),
        (Before(moment=MOMENT), -1, Truth.TRUE),
        (Before(moment=MOMENT), 0, Truth.NEVER),
    ],
)
def test_a_leaf_about_time(leaf: At | Before, late: int, truth: Truth) -> None:
    assert verdict_of_time(leaf, MOMENT + timedelta(seconds=late)).truth is truth


def test_a_delay_is_worth_nothing_without_its_beginning() -> None:
    with pytest.raises(UsageError, match="how long after what"):
        verdict_of_time(After(seconds=1.0), MOMENT)


def test_a_long_chain_keeps_its_beginning_and_its_root() -> None:
    line = elided("first" + "x" * 2_000 + "root")
    assert len(line) <= 1_000
    assert line.startswith("first")
    assert line.endswith("root")
    assert elided("short") == "short"
