"""Races as objects: who has won, and what that one left."""

from __future__ import annotations

from typing import Any

import pytest
from support.stand_ins.job_service import JobService

import park
from park.client.jobs.kinds.found_job import job_of_record
from park.client.jobs.submitted_job import Job
from park.errors import JobFailed
from park.wire import JobRecord, decode


@pytest.fixture
def one() -> JobService:
    return JobService().bind()


@pytest.fixture
def jobs(one: JobService) -> list[Job]:
    return [one.service.submit("m:f") for _ in range(3)]


def won(jobs: list[Job], keep: int = 1) -> dict[str, Any]:
    winners = [{"job": job.id, "entry_point": "m:f", "rank": 1.0} for job in jobs]
    return {
        "kind": "race",
        "race": {
            "competitors": 3,
            "keep": keep,
            "decided": "2026-11-27T08:00:00Z",
            "by": "good enough",
            "winners": winners,
        },
    }


def test_its_value_is_the_winners_and_so_is_its_handle(one: JobService, jobs: list[Job]) -> None:
    race = park.race(jobs)
    assert repr(race) == f"<Race {race.id} of 3 being submitted>" or "submitted" in repr(race)
    race.confirm()
    one.end(race.id, result={"chisq": 1.0}, **won([jobs[1]]))
    assert race.result() == {"chisq": 1.0}
    assert race.winner is jobs[1]
    assert repr(race) == f"<Race {race.id} of 3 won by job …{jobs[1].id[-6:]}>"


def test_of_several_there_is_a_list(one: JobService, jobs: list[Job]) -> None:
    race = park.race(jobs, keep=2)
    race.confirm()
    one.end(race.id, result=[1, 2], **won([jobs[2], jobs[0]], keep=2))
    assert race.result() == [1, 2]
    assert race.winners == [jobs[2], jobs[0]]


def test_one_that_fails_says_what_each_had_and_where_to_look(
    one: JobService, jobs: list[Job]
) -> None:
    race = park.race(jobs)
    race.confirm()
    one.end(race.id, status="failed", error="none of 3 is good enough: …", kind="race")
    with pytest.raises(JobFailed) as caught:
        race.result()
    assert caught.value.message == f"race {race.id} failed: none of 3 is good enough: …"
    assert caught.value.hint == f"park why -s http://one.example {race.id}"
    with pytest.raises(JobFailed):
        race.winner  # noqa: B018 (it asks)


def test_the_handle_of_a_job_is_of_its_kind(one: JobService, jobs: list[Job]) -> None:
    for kind, cls in (("call", Job), ("fetch", park.Fetch), ("race", park.Race)):
        record = one.record({"id": "a", "entry_point": "m:f"}, kind=kind)
        assert type(job_of_record(one.service, decode(JobRecord, record))) is cls
    one.end("a", result=7, **won([jobs[0]]))
    one.end(jobs[0].id, result=7)
    found = one.service.job("a")
    assert isinstance(found, park.Race)
    assert found.result() == 7
    assert found.winner == jobs[0]
