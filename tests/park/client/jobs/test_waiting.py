"""Waiting for many jobs at once, on one service and on several."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.follow_server import FollowServer, KnownJob
from support.stand_ins.job_service import JobService

import park.client.access.long_polls as polls
from park.client.jobs.waiting import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    FIRST_FAILED,
    _standings_of,
    as_completed,
    wait,
)
from park.client.jobs.when import after
from park.errors import ServiceUnreachable, UnknownItem, UsageError
from park.model.backoff import Backoff


@pytest.fixture
def service() -> Iterator[FollowServer]:
    with FollowServer() as server:
        yield server


@pytest.fixture
def other() -> Iterator[FollowServer]:
    with FollowServer() as server:
        yield server


def jobs_of(server: FollowServer, count: int) -> list[Any]:
    return [KnownJob(server.address) for _ in range(count)]


def test_nothing_is_waited_for_at_once(service: FollowServer) -> None:
    assert wait([]) == (set(), set())
    assert list(as_completed([])) == []
    assert service.questions == []


def test_what_is_no_job_is_refused() -> None:
    with pytest.raises(UsageError, match="1 is neither a job nor an install"):
        wait([1])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="neither a job nor an install"):
        as_completed(["a"])  # type: ignore[list-item]


def test_what_a_job_will_leave_is_told_to_wait_by_itself() -> None:
    reference = JobService().bind().service.submit("m:f").output["chisq"]
    for given in (reference, [reference]):
        with pytest.raises(UsageError, match="neither a job nor an install") as caught:
            wait(given)
        assert ".get()" in str(caught.value.hint)
    with pytest.raises(UsageError, match="'0199' is neither a job"):
        wait("0199")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="None is neither a job"):
        wait(None)  # type: ignore[arg-type]


def test_a_condition_is_told_to_wait_by_itself() -> None:
    with pytest.raises(UsageError, match="neither a job nor an install") as caught:
        wait(after(1))  # type: ignore[arg-type]
    assert "iscompleted.wait()" in str(caught.value.hint)


def test_one_job_may_stand_for_several(service: FollowServer) -> None:
    (job,) = jobs_of(service, 1)
    service.end(job.id)
    assert wait(job).done == {job}
    assert list(as_completed(job)) == [job]


def test_all_have_ended_however_they_did(service: FollowServer) -> None:
    jobs = jobs_of(service, 3)
    for job, truth in zip(jobs, ["true", "never", "true"], strict=True):
        service.end(job.id, truth)
    done, not_done = wait(jobs, when=ALL_COMPLETED)
    assert done == set(jobs)
    assert not_done == set()


def test_the_first_end_is_enough(service: FollowServer) -> None:
    jobs = jobs_of(service, 3)
    service.end(jobs[1].id)
    assert wait(jobs, when=FIRST_COMPLETED) == ({jobs[1]}, {jobs[0], jobs[2]})


def test_the_first_failure_is_enough_and_a_success_is_not(service: FollowServer) -> None:
    jobs = jobs_of(service, 3)
    service.end(jobs[0].id)
    heard = iter(as_completed(jobs))
    assert next(heard) is jobs[0]
    service.end(jobs[2].id, "never")
    assert wait(jobs, when=FIRST_FAILED) == ({jobs[0], jobs[2]}, {jobs[1]})


def test_without_a_failure_all_are_waited_for(service: FollowServer) -> None:
    jobs = jobs_of(service, 2)
    for job in jobs:
        service.end(job.id)
    assert wait(jobs, when=FIRST_FAILED).not_done == set()


def test_a_timeout_returns_what_there_is(service: FollowServer) -> None:
    jobs = jobs_of(service, 2)
    service.end(jobs[0].id)
    assert next(as_completed(jobs)) is jobs[0]
    assert wait(jobs, timeout=0.3) == ({jobs[0]}, {jobs[1]})
    with pytest.raises(TimeoutError, match=r"1 \(of 2\) jobs"):
        list(as_completed(jobs, timeout=0.3))


def test_a_look_returns_those_that_have_ended_by_now(service: FollowServer) -> None:
    jobs = jobs_of(service, 3)
    service.end(jobs[0].id)
    service.end(jobs[1].id, "never")
    assert wait(jobs, timeout=0) == ({jobs[0], jobs[1]}, {jobs[2]})
    with pytest.raises(TimeoutError, match=r"1 \(of 3\) jobs"):
        list(as_completed(jobs, timeout=0))


def test_what_was_waited_for_shows_that_it_has_ended(service: FollowServer) -> None:
    jobs = jobs_of(service, 3)
    service.end(jobs[0].id)
    service.end(jobs[1].id, "never")
    wait(jobs[:2])
    assert [job._ended_as for job in jobs] == ["completed", "failed or cancelled", ""]


def test_who_waits_is_told_how_it_stands(
    service: FollowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = jobs_of(service, 1)

    class Line:
        """Hears when it is time to say something, which is when the job ends."""

        did: ClassVar[list[str]] = []

        def wait_s(self, left: float | None) -> float:
            assert left is None
            return 0.01

        def look(self) -> None:
            self.did.append("look")
            service.end(job.id)

        def end(self) -> None:
            self.did.append("end")

    monkeypatch.setattr("park.client.jobs.waiting.line_of", lambda _: Line())
    assert wait([job]).done == {job}
    assert (Line.did[0], Line.did[-1]) == ("look", "end")


def test_how_several_jobs_stand_is_a_line_of_counts() -> None:
    one = JobService().bind()
    jobs = [one.service.submit("m:f") for _ in range(2)]
    one.service.flush()
    one.verdicts = [{"truth": truth} for truth in ("true", "not-yet", "not-yet") + ("not-yet",) * 3]
    assert _standings_of(jobs)() == "2 jobs: 1 running, 1 waiting"


def test_jobs_come_in_the_order_of_their_ends(service: FollowServer) -> None:
    jobs = jobs_of(service, 3)
    heard = as_completed(jobs, timeout=LIMIT_S)
    for index in (2, 0, 1):
        service.end(jobs[index].id)
        assert next(heard) is jobs[index]
    with pytest.raises(StopIteration):
        next(heard)


def test_the_same_job_twice_comes_once(service: FollowServer) -> None:
    (job,) = jobs_of(service, 1)
    service.end(job.id)
    assert list(as_completed([job, job])) == [job]


def test_jobs_of_several_services_are_waited_for_together(
    service: FollowServer, other: FollowServer
) -> None:
    here, there = jobs_of(service, 2), jobs_of(other, 2)
    other.end(there[1].id)
    assert wait([*here, *there], when=FIRST_COMPLETED).done == {there[1]}
    for job in (*here, *there):
        (service if job in here else other).end(job.id)
    assert wait([*here, *there]).not_done == set()


def test_thousands_of_jobs_are_few_requests_and_one_thread(service: FollowServer) -> None:
    jobs = jobs_of(service, 3_000)
    heard = as_completed(jobs)
    starter = threading.Thread(target=lambda: next(heard))
    starter.start()
    service.until(lambda: sum(service.questions) >= 3_000)
    following = [each for each in threading.enumerate() if service.address.url in each.name]
    assert len([each for each in following if "follows" in each.name]) == 1
    for job in jobs:
        service.end(job.id)
    starter.join(LIMIT_S)
    assert len(list(heard)) == 2_999
    assert len(service.questions) < 100


def test_a_new_job_does_not_wait_for_a_question_under_way(service: FollowServer) -> None:
    first, second = jobs_of(service, 2)
    slow = threading.Thread(target=lambda: wait([first]))
    slow.start()
    service.until(lambda: bool(service.questions))
    service.end(second.id)
    assert wait([second], timeout=LIMIT_S).done == {second}
    service.end(first.id)
    slow.join(LIMIT_S)


def test_a_job_that_could_not_be_submitted_has_ended(service: FollowServer) -> None:
    lost, good = KnownJob(service.address, confirmed=False), KnownJob(service.address)
    lost.submitted(UsageError("no such function"))
    service.end(good.id)
    done, _ = wait([lost, good])  # type: ignore[list-item]
    assert done == {lost, good}
    assert wait([lost], when=FIRST_FAILED).done == {lost}  # type: ignore[list-item]


def test_a_job_on_its_way_is_asked_for_once_it_is_there(service: FollowServer) -> None:
    late = KnownJob(service.address, confirmed=False)
    heard: Any = as_completed([late])  # type: ignore[list-item]
    service.end(late.id)
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(next(heard)))
    waiting.start()
    assert service.questions == []
    late.submitted()
    waiting.join(LIMIT_S)
    assert found == [late]


def test_a_job_that_the_service_refuses_does_not_hide_the_others(service: FollowServer) -> None:
    jobs = jobs_of(service, 5)
    service.refused.add(jobs[3].id)
    for job in jobs:
        service.end(job.id)
    heard: list[Any] = []
    with pytest.raises(UnknownItem, match="no such job"):
        heard.extend(as_completed(jobs))
    assert jobs[3] not in heard


def test_a_service_that_stays_away_is_an_error(
    service: FollowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "_GIVE_UP_S", 0.05)
    monkeypatch.setattr(polls, "_BACKOFF", Backoff(first_s=0.05, longest_s=5.0))
    address = service.address
    with FollowServer() as gone:
        address = gone.address
    with pytest.raises(ServiceUnreachable):
        wait([KnownJob(address)])  # type: ignore[list-item]


def test_an_unknown_wish_is_refused() -> None:
    with pytest.raises(UsageError, match="FIRST_FAILED"):
        wait([], when="SOMETIMES")
