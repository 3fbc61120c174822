"""Keys by their names, from what a terminal sends."""

from __future__ import annotations

import os
import pty
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.session.limits import LIMIT_S

from park.drawing.board.keyboard import Keyboard, keyboard, named

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ("j", ["j"]),
        ("\x1b[A\x1bOB", ["up", "down"]),
        ("\x1b[5~\x1b[6~", ["page-up", "page-down"]),
        ("\r\x1b", ["enter", "escape"]),
        ("\x03", ["ctrl-c"]),
        ("", []),
    ],
)
def test_what_is_sent_has_a_name(sent: str, names: list[str]) -> None:
    assert list(named(sent)) == names


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Give the other end of a terminal that is stdin."""
    here, there = pty.openpty()
    with os.fdopen(there, "r", closefd=True) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield here
    os.close(here)


def test_keys_come_without_enter_and_the_terminal_is_as_before(terminal: int) -> None:
    before = termios.tcgetattr(sys.stdin.fileno())
    with keyboard() as keys:
        assert keys is not None
        os.write(terminal, b"j\x1b[B")
        found: list[str] = []
        while len(found) < 2:
            found += keys.wait(LIMIT_S)
        assert found == ["j", "down"]
        assert keys.wait(0) == []
    assert termios.tcgetattr(sys.stdin.fileno()) == before


def test_there_are_none_where_stdin_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with keyboard() as keys:
            assert keys is None


def test_who_hung_up_has_quit() -> None:
    read, write = os.pipe()
    os.close(write)
    assert Keyboard(read).wait(LIMIT_S) == ["q"]
    os.close(read)
