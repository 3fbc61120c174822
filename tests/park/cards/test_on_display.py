"""Cards on a display: with a kernel, and without."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from support.session.limits import LIMIT_S

from park.cards.on_display import Shown, pause_s, show
from park.errors import ServiceUnreachable

FIRST, SECOND = (Shown(text=text, html=f"<b>{text}</b>") for text in ("first", "second"))


class Display:
    """A kernel's display, which notes what it is given."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, dict[str, str], str]] = []

    def publish(
        self,
        data: dict[str, str],
        *,
        transient: dict[str, str],
        update: bool = False,
    ) -> None:
        self.shown.append(("update" if update else "display", data, transient["display_id"]))


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Display:
    """Be a kernel, as far as somebody looks."""
    found = Display()
    shell = SimpleNamespace(kernel=object(), display_pub=found)
    interactive: Any = ModuleType("IPython")
    interactive.get_ipython = lambda: shell
    monkeypatch.setitem(sys.modules, "IPython", interactive)
    return found


def until_shown() -> None:
    for thread in threading.enumerate():
        if thread.name == "park display":
            thread.join(LIMIT_S)
            assert not thread.is_alive()


def test_what_follows_comes_in_the_place_of_the_first(display: Display) -> None:
    show(iter([FIRST, SECOND]))
    until_shown()
    (how, bundle, place), (later, newer, same) = display.shown
    assert (how, later) == ("display", "update")
    assert place == same
    assert bundle == {"text/plain": "first", "text/html": "<b>first</b>"}
    assert newer == SECOND.bundle


def test_the_cell_ends_while_states_are_waited_for(display: Display) -> None:
    go = threading.Event()

    def states() -> Iterator[Shown]:
        yield FIRST
        assert go.wait(LIMIT_S)
        yield SECOND

    show(states())
    assert [how for how, *_ in display.shown] == ["display"]
    go.set()
    until_shown()
    assert [how for how, *_ in display.shown] == ["display", "update"]


def test_the_last_card_stays_where_the_service_fails(display: Display) -> None:
    def states() -> Iterator[Shown]:
        yield FIRST
        raise ServiceUnreachable("gone")

    show(states())
    until_shown()
    assert len(display.shown) == 1


@pytest.mark.parametrize("shell", [None, SimpleNamespace()], ids=["python", "ipython"])
def test_without_a_kernel_the_first_is_printed(
    display: Display,
    shell: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: shell)
    show(iter([FIRST, SECOND]))
    assert capsys.readouterr().out == "first\n"
    assert display.shown == []


@pytest.mark.parametrize(("age_s", "pause"), [(0, 1), (15, 1), (60, 3), (10_000, 10)])
def test_what_is_looked_at_long_is_looked_at_seldom(age_s: float, pause: float) -> None:
    assert pause <= pause_s(time.monotonic() - age_s) <= pause + LIMIT_S / 20
