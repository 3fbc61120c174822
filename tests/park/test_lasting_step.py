"""A step that lasts is shown again until there is news, and a short one never."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from park.lasting_step import LastingStep


class Terminal:
    """Notes what is drawn on it, and what is erased."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_drawn = Event()

    def show(self, text: str) -> Callable[[], object]:
        self.lines.append(text)
        self.is_drawn.set()
        return lambda: self.lines.remove(text)


def test_a_step_that_lasts_is_shown_until_it_ends() -> None:
    terminal = Terminal()
    step = LastingStep(terminal.show, after_s=0.0)
    step.begin("building film 1.0")
    assert terminal.is_drawn.wait(60)
    step.end()
    step.end()
    assert terminal.lines == []


def test_the_next_step_takes_the_place_of_the_one_before() -> None:
    terminal = Terminal()
    step = LastingStep(terminal.show, after_s=0.0)
    step.begin("building film 1.0")
    assert terminal.is_drawn.wait(60)
    terminal.is_drawn.clear()
    step.begin("uploading film 1.0")
    assert terminal.is_drawn.wait(60)
    assert terminal.lines == ["uploading film 1.0"]
    step.end()


def test_a_step_that_ends_before_is_not_shown() -> None:
    terminal = Terminal()
    step = LastingStep(terminal.show, after_s=60.0)
    step.begin("building film 1.0")
    step.end()
    last = LastingStep(terminal.show, after_s=0.0)
    last.begin("known")
    assert terminal.is_drawn.wait(60)
    assert terminal.lines == ["known"]
    last.end()
