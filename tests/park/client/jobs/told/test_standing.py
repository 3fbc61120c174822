"""What a job that is waited for waits for: told after a second, and when it changes."""

from __future__ import annotations

from typing import Any

import pytest

from park.client.jobs.told.standing import Standing, why_line
from park.errors import ServiceUnreachable
from park.model.states import JobState

JOB = "0199aaaa-0000-7000-8000-00000012cdef"


class Place:
    """A service that says why, a voice that shows it, and a clock."""

    def __init__(self, *, is_heard: bool = True, shows_in_place: bool = False) -> None:
        self.is_heard = is_heard
        self.shows_in_place = shows_in_place
        self.shown: list[str | None] = []
        self.answer: dict[str, Any] | Exception = {}
        self.asked = 0
        self.now = 0.0
        place: Any = self
        self.standing = Standing(place, JOB, clock=lambda: self.now)

    @property
    def voice(self) -> Place:
        return self

    def json(self, method: str, path: str) -> Any:
        assert (method, path) == ("GET", f"/api/v1/jobs/{JOB}/why")
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def show(self, text: str) -> None:
        self.shown.append(text)

    def clear(self) -> None:
        if self.shown and self.shown[-1] is not None:
            self.shown.append(None)

    def says(self, line: str, status: JobState = JobState.QUEUED) -> None:
        self.answer = {"job": JOB, "status": status, "line": line, "chain": []}

    def look_after(self, seconds: float, status: JobState | None = JobState.QUEUED) -> None:
        self.now += seconds
        self.standing.look(status)


def test_it_is_told_after_a_second_and_again_when_it_changes() -> None:
    place = Place()
    place.says("no slot is free: 8 of 8 are taken, and 3 jobs come before it")
    place.look_after(0.9)
    assert place.shown == []
    place.look_after(0.1)
    place.look_after(2)
    assert place.shown == [
        "job …12cdef is queued: no slot is free: 8 of 8 are taken, and 3 jobs come before it"
    ]
    place.says("no slot is free: 8 of 8 are taken, and 2 jobs come before it")
    place.look_after(1)  # not so soon
    assert len(place.shown) == 1
    place.look_after(1)
    assert "2 jobs come before" in str(place.shown[-1])
    place.look_after(2, JobState.RUNNING)
    assert place.shown[-1] is None


def test_what_is_not_known_to_run_is_asked_about_until_it_does() -> None:
    place = Place()
    place.says("", JobState.RUNNING)
    place.look_after(1, None)
    place.look_after(9, None)
    assert (place.asked, place.shown) == (1, [])


def test_what_has_written_something_waits_no_more() -> None:
    place = Place()
    place.standing.begun()
    place.look_after(9, None)
    assert place.asked == 0


def test_a_service_that_does_not_say_why_stops_nothing() -> None:
    place = Place()
    place.answer = ServiceUnreachable("nothing answers")
    place.look_after(1)
    assert (place.asked, place.shown) == (1, [])


def test_nobody_is_asked_for_what_nobody_hears() -> None:
    place = Place(is_heard=False)
    place.look_after(9)
    assert place.asked == 0
    assert place.standing.wait_s(JobState.QUEUED, 25.0) == 25.0


@pytest.mark.parametrize(
    ("status", "wait"), [(JobState.QUEUED, 1.0), (None, 1.0), (JobState.RUNNING, 25.0)]
)
def test_a_request_lasts_until_there_is_to_be_a_word(status: JobState | None, wait: float) -> None:
    assert Place().standing.wait_s(status, 25.0) == wait


def test_on_a_terminal_it_stands_there_that_it_runs_until_it_has_ended() -> None:
    place = Place(shows_in_place=True)
    place.look_after(1, JobState.RUNNING)
    assert place.shown == ["job …12cdef is running"]
    place.look_after(9, JobState.COMPLETED)
    assert place.shown[-1] is None


def test_why_a_job_does_not_run_is_a_line() -> None:
    place: Any = Place()
    place.says("no slot is free: 8 of 8 are taken")
    assert why_line(place, JOB) == "job …12cdef is queued: no slot is free: 8 of 8 are taken"
    place.says("since noon", JobState.RUNNING)
    assert why_line(place, JOB) == "job …12cdef is running"
