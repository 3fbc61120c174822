"""The board while it is looked at: a scripted keyboard before a service of the test."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator

import pytest
from rich.console import Console
from support.material.now import line, now
from support.session.limits import LIMIT_S

from park.drawing.board.board_state import Board
from park.drawing.board.live_board import live_board
from park.errors import ServiceUnreachable, UnknownItem
from park.wire import NowRecord

NOW = now(running=[line("a", "running")])


class Service:
    """Tells what the test says, and notes what it was asked."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.cancelled = threading.Event()
        self.answers: list[NowRecord | Exception] = []

    def now(self) -> NowRecord:
        if not self.answers:
            self.over.wait(LIMIT_S)
            return NOW
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def log(self, job: str) -> Iterator[str]:
        yield f"first of {job}\n"
        yield "second"

    def cancel(self, job: str) -> str:
        self.cancelled.set()
        if job != "a":
            raise UnknownItem("no such job")
        return f"{job} is cancelled"


class Keys:
    """Presses each key when the screen shows what it waits for."""

    def __init__(self, screen: io.StringIO, script: list[tuple[str, str]]) -> None:
        self._screen = screen
        self._script = script
        self._turns = threading.Event()

    def wait(self, _seconds: float) -> list[str]:
        shown, key = self._script[0]
        if shown not in self._screen.getvalue():
            self._turns.wait(0.01)  # a turn: others tell meanwhile
            return []
        self._screen.truncate(0)
        del self._script[0]
        return [key]


def looked(service: Service, script: list[tuple[str, str]], board: Board | None = None) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, height=20, color_system=None)
    keys: Callable[..., Keys] = Keys
    begin = board or Board(where="lab", now=NOW, chosen="a")
    try:
        live_board(begin, service, console, keys(screen, script))  # type: ignore[arg-type]
    finally:
        service.over.set()


def test_a_log_is_read_and_left() -> None:
    looked(Service(), [("label of a", "enter"), ("second", "q"), ("Running", "q")])


def test_a_job_is_cancelled() -> None:
    service = Service()
    looked(service, [("label of a", "c"), ("y / n", "y"), ("a is cancelled", "q")])
    assert service.cancelled.is_set()


def test_news_come_in_and_silence_is_said() -> None:
    service = Service()
    service.answers = [now(running=[line("b", "running")])]
    looked(service, [("label of b", "q")])
    service = Service()
    service.answers = [ServiceUnreachable("it does not answer")]
    looked(service, [("it does not answer; trying again", "q")])


@pytest.mark.parametrize("job", ["b"])
def test_what_is_refused_is_said(job: str) -> None:
    board = Board(where="lab", now=now(running=[line(job, "running")]), chosen=job)
    service = Service()
    looked(service, [("label of b", "c"), ("y / n", "y"), ("no such job", "q")], board)
