"""A sweep on a display, from its first state to its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from park.cards.on_display import Shown
from park.cards.sweep_card import Standings
from park.client.jobs import displayed_sweep
from park.client.jobs.displayed_sweep import DisplayedSweep
from park.errors import ServiceUnreachable
from park.model.states import JobState

WAITING, COMPLETED = JobState.WAITING, JobState.COMPLETED


class There:
    """Stands in for the services: says what a test wrote, in turn."""

    def __init__(self, *answers: Standings | Exception) -> None:
        self.answers = list(answers)
        self.last = Standings(states=[("a", WAITING)])

    def asked(self) -> Standings:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.last = answer
        return answer

    def known(self, silence: str | None = None) -> Standings:
        return Standings(states=self.last.states, silence=silence)


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(displayed_sweep, "_LOOK_S", 0.0)
    monkeypatch.setattr(displayed_sweep, "_SHARE", 0.0)


def displayed(
    monkeypatch: pytest.MonkeyPatch, *answers: Standings | Exception
) -> tuple[list[Shown], DisplayedSweep]:
    shown: list[Shown] = []

    def show(states: Iterator[Shown]) -> None:
        shown.extend(states)

    monkeypatch.setattr(displayed_sweep, "show", show)
    monkeypatch.setattr(displayed_sweep, "StandingsThere", lambda _: There(*answers))
    return shown, DisplayedSweep([], "m:f")


def test_it_is_looked_at_until_all_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    states = ([("a", WAITING), ("b", COMPLETED)], [("a", COMPLETED), ("b", COMPLETED)])
    shown, sweep = displayed(monkeypatch, *(Standings(states=each) for each in states))
    sweep.show()
    assert [each.text for each in shown] == [
        "<2 jobs of m:f: 1 completed, 1 waiting>",
        "<2 jobs of m:f: 2 completed>",
    ]


def test_a_service_that_is_silent_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    end = Standings(states=[("a", COMPLETED)])
    shown, sweep = displayed(monkeypatch, ServiceUnreachable("nothing answers"), end)
    sweep.show()
    assert "nothing answers" in shown[0].html
    assert "nothing answers" not in shown[1].html


def test_as_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    _, sweep = displayed(monkeypatch, Standings(states=[("a", WAITING)]))
    assert "1 waiting" in sweep.now().html
