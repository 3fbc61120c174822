"""What conditions are worth: asked of services once, or until it is decided."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.follow_server import FollowServer, KnownJob
from support.stand_ins.job_service import JobService

import park
from park.client.access.transport import Transport
from park.client.jobs.question import Question
from park.client.service import Service
from park.errors import UnknownItem, UsageError
from park.model.conditions import Before, JobIs, Phase, all_of, any_of
from park.model.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Callable

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


def question(expression: Any, *handles: Any) -> Question:
    return Question(expression, handles, pools=None, shown="a test")


def completed(job: KnownJob, server: FollowServer) -> JobIs:
    return JobIs(job=job.id, phase=Phase.COMPLETED, service=server.address.url)


def test_what_is_decided_by_some_is_not_waited_for_with_the_others(far: FollowServer) -> None:
    first, second = KnownJob(far.address), KnownJob(far.address)
    leaves = [completed(job, far) for job in (first, second)]
    far.end(second.id, "never")
    asked = question(all_of(leaves), first, second)
    assert asked.answered(LIMIT_S).truth is Truth.NEVER
    far.end(first.id)
    assert question(any_of(leaves), first, second).answered(LIMIT_S).truth is Truth.TRUE


def test_a_moment_that_passes_decides_without_an_answer(far: FollowServer) -> None:
    job = KnownJob(far.address)
    soon = Before(moment=datetime.now(UTC) + timedelta(seconds=0.2))
    found = question(all_of([soon, completed(job, far)]), job).answered(LIMIT_S)
    assert found.truth is Truth.NEVER
    assert found.why.startswith("it is past ")


def test_what_is_not_submitted_cannot_be_asked_about(far: FollowServer) -> None:
    lost = KnownJob(far.address, confirmed=False)
    lost.submitted(UsageError("no such function"))
    with pytest.raises(UsageError, match="no such function"):
        question(completed(lost, far), lost).asked_once()
    assert far.questions == []


def test_a_leaf_of_a_service_that_nobody_named_is_refused_at_once(far: FollowServer) -> None:
    job = KnownJob(far.address)
    stranger = JobIs(job="x", phase=Phase.COMPLETED, service="http://stranger.example")
    with pytest.raises(UsageError, match=r"which service has .*\? It is not said"):
        question(all_of([completed(job, far), stranger]), job)


def test_an_error_of_the_service_ends_the_waiting(far: FollowServer) -> None:
    job, other = KnownJob(far.address), KnownJob(far.address)
    waiting = question(all_of([completed(each, far) for each in (job, other)]), job, other)
    errors: list[BaseException] = []

    def wait() -> None:
        with pytest.raises(UnknownItem) as caught:
            waiting.answered(LIMIT_S)
        errors.append(caught.value)

    thread = threading.Thread(target=wait)
    thread.start()
    far.until(lambda: len(far.questions) >= 2)  # once, and then to be told
    far.refused.add(other.id)
    far.end(job.id)
    thread.join(LIMIT_S)
    assert [str(error) for error in errors] == ["no such job"]


def test_who_waits_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Line:
        """Is asked for at once."""

        def __init__(self, _: object, line: Callable[[], str]) -> None:
            self.line = line

        def wait_s(self, left: float | None) -> float | None:
            return left and min(left, 0.01)

        def look(self) -> None:
            said.append(self.line())

        def end(self) -> None:
            said.append("")

    monkeypatch.setattr("park.client.jobs.question.WaitingLine", Line)
    moment = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(TimeoutError):
        park.at(moment).wait(0.05)
    assert "is not true yet: " in said[0]
    assert said[-1] == ""
