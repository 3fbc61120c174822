"""How the jobs of a sweep stand, asked of the service together."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.job_service import JobService

from park.client.jobs import standings_there
from park.client.jobs.standings_there import StandingsThere
from park.client.jobs.submitted_job import Job
from park.errors import ParkError
from park.model.states import JobState

TRUE, NOT_YET, NEVER = "true", "not-yet", "never"

TRUTHS = {
    JobState.WAITING: (NOT_YET, NOT_YET, NOT_YET),
    JobState.RUNNING: (TRUE, NOT_YET, NOT_YET),
    JobState.COMPLETED: (TRUE, TRUE, NEVER),
    JobState.FAILED: (TRUE, NEVER, TRUE),
    JobState.CANCELLED: (NEVER, NEVER, NEVER),
}
"""What a service says of a job in each state: started, completed, failed."""


class Standing(JobService):
    """A service that says how each job stands, and counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, JobState] = {}
        self.why = "it failed: boom"

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        if path != "/api/v1/follow":
            return super().json(method, path, **arguments)
        body = arguments["json"]
        self.asked.append((method, path, body))
        leaves = [each["leaf"] for each in body["leaves"]]
        asked = [(leaf["job"], leaf["is"]) for leaf in leaves]
        phases = itertools.cycle(enumerate(("started", "completed", "failed")))
        truths = []
        for (job, phase), (at, expected) in zip(asked, phases, strict=False):
            assert phase == expected
            truth = TRUTHS[self.states[job]][at]
            truths.append({"truth": truth, "why": self.why if truth == NEVER else ""})
        return truths

    @property
    def follows(self) -> list[int]:
        """How many jobs each request was about."""
        return [len(body["leaves"]) // 3 for _, path, body in self.asked if path.endswith("follow")]

    def stand(self, *states: JobState) -> list[Job]:
        """Submit as many jobs, and let them stand so."""
        jobs = [self.service.submit("m:f", n) for n in range(len(states))]
        for job, state in zip(jobs, states, strict=True):
            job.confirm(LIMIT_S)
            self.states[job.id] = state
        return jobs


@pytest.fixture
def service() -> Standing:
    found = Standing()
    found.bind()
    return found


def test_each_state_is_told(service: Standing) -> None:
    jobs = service.stand(*TRUTHS)
    assert StandingsThere(jobs).asked().states == [
        (job.id, state) for job, state in zip(jobs, TRUTHS, strict=True)
    ]


def test_why_one_failed_is_told(service: Standing) -> None:
    jobs = service.stand(JobState.FAILED, JobState.CANCELLED, JobState.RUNNING)
    assert StandingsThere(jobs).asked().reasons == {jobs[0].id: "it failed: boom"}


def test_why_one_failed_is_told_of_it_alone(service: Standing) -> None:
    service.why = "needs job …a (fit(film) completed; it) completed; it failed: no; it failed"
    jobs = service.stand(JobState.FAILED)
    said = StandingsThere(jobs).asked().reasons[jobs[0].id]
    assert said == "job …a (fit(film) completed; it) failed: no; it failed"


def test_what_has_ended_is_not_asked_for_again(service: Standing) -> None:
    there = StandingsThere(service.stand(*TRUTHS))
    there.asked()
    there.asked()
    assert service.follows == [5, 2]


def test_many_are_asked_for_in_several_requests(
    service: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standings_there, "_MOST_JOBS", 2)
    jobs = service.stand(*[JobState.RUNNING] * 5)
    assert [state for _, state in StandingsThere(jobs).asked().states] == [JobState.RUNNING] * 5
    assert service.follows == [2, 2, 1]


def test_what_is_not_there_yet_waits_and_is_not_asked_for(service: Standing) -> None:
    service.gate.clear()
    try:
        job = service.service.submit("m:f")
        assert StandingsThere([job]).asked().states == [(job.id, JobState.WAITING)]
    finally:
        service.gate.set()
    job.confirm(LIMIT_S)
    assert service.follows == []


def test_what_was_not_submitted_has_failed(service: Standing) -> None:
    service.refused.add("m:f")
    job = service.service.submit("m:f")
    with pytest.raises(ParkError, match="is refused"):
        job.confirm(LIMIT_S)
    assert StandingsThere([job]).asked().states == [(job.id, JobState.FAILED)]
    assert service.follows == []
