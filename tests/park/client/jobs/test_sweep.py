"""The jobs of a sweep: a sequence, whose results come in the order of the calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.follow_server import FollowServer, KnownJob

from park.client.jobs.sweep import Jobs
from park.errors import JobFailed


@pytest.fixture
def service() -> Iterator[FollowServer]:
    with FollowServer() as server:
        yield server


def ended(service: FollowServer, *outcomes: Any) -> list[Any]:
    jobs = [KnownJob(service.address) for _ in outcomes]
    for job, outcome in zip(jobs, outcomes, strict=True):
        job.outcome = outcome
        is_good = not isinstance(outcome, Exception)
        job.status = "completed" if is_good else "failed"
        service.end(job.id, "true" if is_good else "never")
    return jobs


def test_it_is_a_sequence_in_the_order_of_the_calls(service: FollowServer) -> None:
    jobs = ended(service, 1, 2, 3)
    sweep = Jobs(jobs)
    assert list(sweep) == jobs
    assert (len(sweep), sweep[-1]) == (3, jobs[2])
    part = sweep[1:]
    assert isinstance(part, Jobs)
    assert list(part) == jobs[1:]


def test_it_shows_how_many_of_what(service: FollowServer) -> None:
    jobs = ended(service, 1, 2, 3)
    jobs[1].entry_point = "m:g"
    assert repr(Jobs(jobs)) == "<3 jobs of m:f, m:g>"
    assert repr(Jobs([])) == "<0 jobs of nothing>"


def test_results_are_in_the_order_of_the_calls(service: FollowServer) -> None:
    assert Jobs(ended(service, "a", "b", "c")).results(LIMIT_S) == ["a", "b", "c"]
    assert Jobs([]).results(LIMIT_S) == []


def test_one_failure_is_raised_without_waiting_for_the_others(service: FollowServer) -> None:
    waiting = KnownJob(service.address)
    sweep: Any = Jobs([waiting, *ended(service, JobFailed("too thin"))])  # type: ignore[list-item]
    with pytest.raises(JobFailed, match="too thin"):
        sweep.results(LIMIT_S)


def test_errors_stand_in_the_place_of_results_where_that_is_asked(service: FollowServer) -> None:
    error = JobFailed("too thin")
    assert Jobs(ended(service, 1, error, 3)).results(LIMIT_S, return_exceptions=True) == [
        1,
        error,
        3,
    ]


@pytest.mark.parametrize("return_exceptions", [False, True])
def test_a_timeout_says_how_many_have_not_ended(
    service: FollowServer,
    return_exceptions: bool,  # noqa: FBT001 (a case)
) -> None:
    waiting = KnownJob(service.address)
    sweep: Any = Jobs([*ended(service, 1), waiting])  # type: ignore[list-item]
    with pytest.raises(TimeoutError, match=r"1 \(of 2\) jobs have not ended"):
        sweep.results(0.3, return_exceptions=return_exceptions)


def test_jobs_come_as_they_end(service: FollowServer) -> None:
    jobs = ended(service, 1, 2)
    assert set(Jobs(jobs).as_completed(LIMIT_S)) == set(jobs)
    assert Jobs(jobs).wait(LIMIT_S).not_done == set()
