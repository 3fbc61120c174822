"""What conditions are worth: asked of services once, or until it is decided."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.services.follow_server import FollowServer
from support.services.job_service import JobService
from support.session.limits import LIMIT_S

import park
from park.client.access.transport import Transport
from park.client.service import Service
from park.model.truth import Truth

if TYPE_CHECKING:
    from park.client.jobs.submitted_job import Job


@pytest.fixture
def one() -> JobService:
    return JobService().bind()


@pytest.fixture
def job(one: JobService) -> Job:
    return one.service.submit("m:f")


def test_moments_are_told_by_the_clock_of_here() -> None:
    now = datetime.now(UTC)
    past, future = park.at(now - timedelta(hours=1)), park.at(now + timedelta(hours=1))
    assert (past.now, future.now) == (True, False)
    assert (future.truth, (~past).truth) == (Truth.NOT_YET, Truth.NEVER)
    assert (past & ~future).now
    assert park.after(0.05).wait(LIMIT_S) is True
    assert (~past).wait() is False
    with pytest.raises(TimeoutError, match=r"not yet after 0\.01 s"):
        future.wait(0.01)


def test_a_question_asks_each_service_for_its_own_leaves(one: JobService, job: Job) -> None:
    two = JobService("http://two.example").bind()
    far = two.service.submit("m:f")
    both = job.iscompleted & far.iscompleted
    one.verdicts = [{"truth": "true"}]
    two.verdicts = [{"truth": "not-yet", "why": "it is running"}]
    assert both.now is False
    assert both.truth is Truth.NOT_YET
    assert both.why == "it is running"
    asked = [body for _, path, body in two.asked if path.endswith("follow")]
    assert asked[0]["leaves"] == [{"leaf": {"job": far.id, "is": "completed"}}]
    two.verdicts = [{"truth": "never", "why": "it failed"}]
    assert (both.truth, both.why) == (Truth.NEVER, "it failed")
    assert both.wait() is False


@pytest.fixture
def far() -> Any:
    with FollowServer() as server:
        yield server


def test_a_condition_is_waited_for_and_awaited(far: FollowServer) -> None:
    service = Service(Transport(far.address))
    from park.client.jobs.submitted_job import Job

    first, second = (Job(service, f"0{n}" * 18, "m:f") for n in (1, 2))
    both = first.iscompleted & second.iscompleted
    with pytest.raises(TimeoutError):
        both.wait(0.05)
    far.end(first.id)
    far.end(second.id)
    assert both.wait(LIMIT_S) is True

    async def waited() -> bool:
        return await both

    assert asyncio.run(waited()) is True
