"""`park.client.choosing.asking`: the question on a terminal."""

from __future__ import annotations

import io
import sys

import pytest
from support.material.environments import pinned_environment, requirements_here

from park.client.choosing.asking import ask_on_terminal
from park.client.choosing.nearness import ranked
from park.client.choosing.versions import compared

HERE = requirements_here(demo="2.0")
THERE = ranked(
    [compared(pinned_environment(demo=v), HERE) for v in ("1.9", "1.8")], HERE, "demo", "2.0"
)


class Screen(io.StringIO):
    """Takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


def asked(monkeypatch: pytest.MonkeyPatch, answers: str) -> tuple[str | None, str]:
    screen = Screen()
    monkeypatch.setattr(sys, "stdin", Screen(answers))
    monkeypatch.setattr(sys, "stderr", screen)
    found = ask_on_terminal(THERE)
    return None if found is None else found.version.record.version, screen.getvalue()


@pytest.mark.parametrize(
    ("answers", "expected"),
    [("2\n", "1.8"), ("none\n", None), ("\n", None), ("", None), ("7\nx\n0\n1\n", "1.9")],
)
def test_a_number_chooses_and_nothing_takes_none(
    monkeypatch: pytest.MonkeyPatch, answers: str, expected: str | None
) -> None:
    assert asked(monkeypatch, answers)[0] == expected


def test_each_is_shown_with_its_place_and_its_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    _, screen = asked(monkeypatch, "\n")
    assert "1  demo 1.9 on Python 3.11  lock 111111111111\n" in screen
    assert "     demo: 2.0 here, 1.9 there\n" in screen
    assert "     farther: 1.8 is farther from here than 1.9\n" in screen
    assert screen.endswith("run in which of them (1-2, or none)? ")


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\n"))
    assert ask_on_terminal(THERE) is None
