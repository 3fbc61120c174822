"""Races as a script begins them: what is sent, and what cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest
from support.stand_ins.job_service import JobService

import park
from park.client import new_race
from park.client.jobs.submitted_job import Job
from park.errors import UsageError


def chisq(job: Any) -> Any:
    return job.output["chisq"]


@pytest.fixture
def one() -> JobService:
    return JobService().bind()


@pytest.fixture
def jobs(one: JobService) -> list[Job]:
    return [one.service.submit("m:f") for _ in range(2)]


def sent(service: JobService, race: park.Race) -> dict[str, Any]:
    race.confirm()
    return next(job for job in service.jobs if job["id"] == race.id)


def test_a_race_goes_as_data_with_a_condition_and_a_rank_for_each(
    one: JobService, jobs: list[Job]
) -> None:
    race = park.race(jobs, lambda j: j.output["chisq"] < 1.2, keep=2, grace=3, label="thick films")
    document = sent(one, race)
    assert document["entry_point"] == "park:race"
    assert document["label"] == "thick films"
    assert "grants" not in document
    terms = document["race"]
    competitors = terms.pop("competitors")
    assert terms == {
        "keep": 2,
        "grace_s": 3.0,
        "prefer": "lowest",
        "if_none": "fail",
        "stop": "cancel",
    }
    assert [each["job"] for each in competitors] == [job.id for job in jobs]
    (left, operator, right) = competitors[0]["good_enough"]["condition"]["compare"]
    assert (operator, right) == ("<", {"value": 1.2})
    # the rank is what is compared, without a service: it is on that of the race
    assert competitors[0]["rank"] == left["reference"]
    assert competitors[0]["rank"] == {
        "$park": "reference",
        "job": jobs[0].id,
        "what": "value",
        "path": [["item", "chisq"]],
    }


@pytest.mark.parametrize(
    ("more", "prefer", "if_none"),
    [
        ({"rank": chisq}, "lowest", "best"),
        ({"rank": chisq, "if_none": "fail"}, "lowest", "fail"),
        ({"good_enough": lambda j: j.output["q"] > 2}, "highest", "fail"),
        ({"good_enough": lambda j: j.output["q"] > 2, "if_none": "best"}, "highest", "best"),
        ({"good_enough": lambda j: j.progress["q"] >= 2, "rank": chisq}, "highest", "best"),
        ({"rank": chisq, "prefer": "highest"}, "highest", "best"),
    ],
)
def test_which_is_the_best_is_as_the_comparison_says(
    one: JobService, jobs: list[Job], more: dict[str, Any], prefer: str, if_none: str
) -> None:
    terms = sent(one, park.race(jobs, **more))["race"]
    assert (terms["prefer"], terms["if_none"]) == (prefer, if_none)


def test_it_is_on_the_service_of_the_block_and_may_end_jobs_elsewhere(jobs: list[Job]) -> None:
    two = JobService("http://two.example").bind()
    with two.service:
        race = park.race([two.service.submit("m:f"), *jobs], lambda j: j.output["chisq"] < 1)
    document = sent(two, race)
    here, *there = document["race"]["competitors"]
    assert here["service"] is None
    assert [each["service"] for each in there] == ["http://one.example"] * 2
    assert there[0]["rank"]["service"] == "http://one.example"
    (held,) = document["grants"]
    assert held["service"] == "http://one.example"
    asked = [body for _, path, body in jobs[0].transport.asked if path.endswith("grants")]  # type: ignore[attr-defined]
    ids = [job.id for job in jobs]
    assert [(each["jobs"], each["stops"]) for each in asked] == [(ids, ids)]


def test_outside_of_a_block_it_is_on_the_service_of_the_first(
    one: JobService, jobs: list[Job]
) -> None:
    two = JobService("http://two.example").bind()
    assert park.race([*jobs, two.service.submit("m:f")]).service == one.service
    assert park.race(jobs, service=two.service).service == two.service


def test_a_plan_shows_the_race_and_what_competes(one: JobService) -> None:
    with park.plan() as plan, one.service:
        jobs = [one.service.submit("m:f") for _ in range(2)]
        park.race(jobs)
    assert "1 race" in str(plan)
    (race,) = [each for each in plan.as_json()["pieces"] if each["kind"] == "race"]
    assert race["label"] == "race of 2"
    assert [each["id"] for each in race["needs"]] == [job.id for job in jobs]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"keep": 3}, "keep=3: it is a whole number, from 1 to the 2 that compete"),
        ({"keep": True}, "keep=True"),
        ({"grace": -1}, "grace=-1"),
        ({"grace": float("nan")}, "grace=nan"),
        ({"stop": "kill"}, "stop='kill': it is 'cancel' or 'keep'"),
        ({"prefer": "best"}, "prefer='best': it is 'lowest' or 'highest'"),
        ({"if_none": "cry"}, "if_none='cry': it is 'best' or 'fail'"),
        ({"if_none": "best"}, "without rank="),
        ({"good_enough": lambda _: True}, "gave True"),
        ({"good_enough": 1.2}, "gave 1.2"),
        ({"rank": lambda j: j.progress["chisq"]}, "rank is a function"),
        ({"rank": lambda j: j.filename}, "rank is a function"),
        ({"rank": lambda _: 3}, "gave 3"),
    ],
)
def test_what_cannot_be_meant_is_said_at_the_call(
    jobs: list[Job], more: dict[str, Any], line: str
) -> None:
    with pytest.raises(UsageError) as caught:
        new_race.race(jobs, **more)
    assert line in str(caught.value)


@pytest.mark.parametrize(("wrong", "line"), [([], "nobody can win"), ([3], "it is no job")])
def test_what_cannot_race_is_said(wrong: list[Any], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        park.race(wrong)


def test_nobody_competes_twice_and_no_rank_is_anothers(jobs: list[Job]) -> None:
    with pytest.raises(UsageError, match="more than once"):
        park.race([*jobs, jobs[0]])
    with pytest.raises(UsageError, match="rank is a function"):
        park.race(jobs, rank=lambda _: jobs[0].output["chisq"])
