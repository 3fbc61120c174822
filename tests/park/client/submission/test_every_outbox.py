"""All outboxes of a process: woken, flushed at its end, begun anew after a fork."""

from __future__ import annotations

import gc
import sys
import threading
from typing import Any

import pytest

from park.client.submission.every_outbox import _EveryOutbox
from park.client.submission.item import Item
from park.errors import UsageError

OUTBOX: Any = None


class Outbox:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.left: list[Item] = []
        self.interrupts = False

    def poke(self) -> None:
        self.told.append("poke")

    def flush(self, timeout: float | None = None) -> bool:
        self.told.append("flush" if timeout is None else "flush in haste")
        if self.interrupts:
            raise KeyboardInterrupt
        return True

    def pending(self) -> list[Item]:
        return self.left

    def forked(self) -> None:
        self.told.append("forked")


@pytest.fixture
def every(monkeypatch: pytest.MonkeyPatch) -> _EveryOutbox:
    made = _EveryOutbox()
    monkeypatch.setattr(made, "_see_to_the_exit", lambda: None)
    monkeypatch.setattr("atexit.register", lambda _: None)  # the end is pytest's
    return made


def lost(name: str) -> Item:
    item = Item(OUTBOX, name, "m:f", document={})
    item.error = UsageError("no such function")
    return item


def test_all_are_told_but_the_one_that_tells(every: _EveryOutbox) -> None:
    one, two = Outbox(), Outbox()
    every.add(one)
    every.add(two)
    every.poke(but=one)
    assert (one.told, two.told) == ([], ["poke"])


def test_one_may_come_from_another_thread_while_all_are_told(every: _EveryOutbox) -> None:
    kept: list[Outbox] = []

    def come() -> None:
        for _ in range(1000):
            kept.append(Outbox())
            every.add(kept[-1])

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread = threading.Thread(target=come)
        thread.start()
        while thread.is_alive():
            every.poke()
    finally:
        sys.setswitchinterval(before)
    assert len(kept) == 1000


def test_an_outbox_that_nobody_holds_is_forgotten(every: _EveryOutbox) -> None:
    every.add(Outbox())
    gc.collect()
    assert not every._outboxes


def test_after_a_fork_failures_are_the_parents_to_tell(
    every: _EveryOutbox, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = Outbox()
    every.add(outbox)
    every.failed.append(lost("a"))
    every.forked()
    every._exit()
    assert outbox.told == ["forked", "flush"]
    assert capsys.readouterr().err == ""


def test_at_the_end_what_nobody_heard_of_is_told(
    every: _EveryOutbox, capsys: pytest.CaptureFixture[str]
) -> None:
    heard, unheard = lost("a"), lost("b")
    heard.told = True
    every.failed += [heard, unheard]
    every._exit()
    line = "park: error: job b (f()) was not submitted: no such function\n"
    assert capsys.readouterr().err == line


def test_what_is_advised_stands_once_below_the_lines(
    every: _EveryOutbox, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [lost("a"), lost("b")]
    for item in items:
        item.error = UsageError("no engine can run it", hint="ask for less")
    every.failed += items
    every._exit()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[-1] == "hint: ask for less"


def test_an_interrupted_wait_tells_what_was_on_its_way(
    every: _EveryOutbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox()
    outbox.interrupts, outbox.left = True, [lost("c")]
    every.add(outbox)
    every._exit()
    line = "park: error: job c (f()) was not submitted: interrupted while it was on its way\n"
    assert capsys.readouterr().err == line
    monkeypatch.setattr(sys, "last_type", KeyboardInterrupt, raising=False)
    every._exit()
    assert outbox.told == ["flush", "flush in haste"]


def test_many_failures_are_counted(every: _EveryOutbox, capsys: pytest.CaptureFixture[str]) -> None:
    every.failed += [lost(str(number)) for number in range(13)]
    every._exit()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "park: error: … and 3 more"
