"""Fits as jobs: where they run."""

from __future__ import annotations

from typing import Any

import pytest
from support.services.job_service import BOUND, JobService

import park
from park.errors import UsageError


@pytest.fixture
def one() -> JobService:
    return JobService()


def test_a_fit_runs_in_the_environment_of_what_it_fits(
    one: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    with one.bind().service:
        problem = one.service.submit("mymodel:define_fit")
        park.Fit(problem, when=problem.iscompleted, steps=3, retries=1)
    (_, fit) = one.jobs
    assert fit["entry_point"] == "park.fitting:fit"
    assert fit["call"]["kwargs"] == {"steps": 3}
    assert fit["call"]["args"] == [{"$park": "reference", "job": problem.id, "what": "value"}]
    assert (fit["retries"], fit["lock_hash"]) == (1, BOUND.lock_hash)
    monkeypatch.setattr("park.fitting.fit", lambda problem, **options: (problem, options))
    assert park.Fit("here", steps=2) == ("here", {"steps": 2})
    with pytest.raises(UsageError, match="no service that could wait"):
        park.Fit("here", when=problem.iscompleted)


def test_a_fit_of_a_job_of_another_session_runs_where_that_ran(one: JobService) -> None:
    one.answers["/api/v1/jobs/0199"] = one.record(
        {"id": "0199", "entry_point": "m:f", "lock_hash": "9" * 64, "set_hash": "8" * 64}
    )
    with one.service:
        park.Fit(one.service.job("0199").output["problem"])
    (fit,) = one.jobs
    assert (fit["lock_hash"], fit["set_hash"]) == ("9" * 64, "8" * 64)


def test_the_fit_of_an_object_runs_where_all_that_it_refers_to_is(one: JobService) -> None:
    import packaging.version

    asked: list[Any] = []

    def of(*_: Any, reach: Any, **__: Any) -> Any:
        asked.append(reach)
        return one.binding

    one.service.connection.bindings.of = of  # type: ignore[assignment,method-assign]
    problem = {"model": packaging.version.Version("1")}
    with one.bind().service:
        park.Fit(problem, steps=3)
    (reach,) = asked
    assert reach.modules == {"packaging.version"}
    (fit,) = one.jobs
    assert fit["call"]["args"][0]["model"]["type"] == "packaging.version.Version"
