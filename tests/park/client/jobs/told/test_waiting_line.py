"""What is shown to somebody who waits for several things."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from park.client.jobs.told.waiting_line import WaitingLine
from park.errors import ServiceUnreachable


class Place:
    """A voice that shows it, a clock, and a line that may fail."""

    def __init__(self, *, is_heard: bool = True) -> None:
        self.is_heard = is_heard
        self.shown: list[str | None] = []
        self.said = "6 jobs: 6 waiting"
        self.fault: Exception | None = None
        self.asked = 0
        self.now = 0.0
        voice: Any = self
        self.line = WaitingLine(voice, self._line, clock=lambda: self.now)

    def _line(self) -> str:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return self.said

    def show(self, text: str) -> None:
        self.shown.append(text)

    def clear(self) -> None:
        self.shown.append(None)

    def look_after(self, seconds: float) -> None:
        self.now += seconds
        self.line.look()


def test_it_is_shown_after_a_second_and_again_where_it_has_changed() -> None:
    place = Place()
    assert place.line.wait_s(None) == 1.0
    place.look_after(0.9)
    assert place.shown == []
    place.look_after(0.1)
    place.look_after(2)
    assert (place.shown, place.asked) == (["6 jobs: 6 waiting"], 2)
    place.said = "6 jobs: 1 completed, 5 waiting"
    place.look_after(1)  # not so soon
    place.look_after(1)
    assert place.shown[1:] == [place.said]
    place.line.end()
    assert place.shown[-1] is None


def test_what_lasts_is_looked_at_less_often() -> None:
    place = Place()
    place.look_after(3600)
    assert place.line.wait_s(None) == 10.0
    assert place.line.wait_s(3.0) == 3.0


def test_a_service_that_does_not_answer_is_told_of_by_others() -> None:
    place = Place()
    place.fault = ServiceUnreachable("nothing answers")
    place.look_after(1)
    place.line.end()
    assert place.shown == []


def test_nobody_is_asked_for_what_nobody_hears() -> None:
    place = Place(is_heard=False)
    place.look_after(9)
    assert (place.asked, place.line.wait_s(None)) == (0, None)


def test_while_others_draw_it_waits_another_second(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place()
    drawn = SimpleNamespace(is_drawn=True)
    monkeypatch.setattr("park.client.jobs.told.waiting_line.background", drawn)
    place.look_after(1)
    assert (place.shown, place.line.wait_s(None)) == ([], 1.0)
