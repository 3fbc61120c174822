"""The board while it is looked at: news of the service, keys of the terminal, and a screen."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live

from park.drawing.board.board_picture import board_lines
from park.drawing.board.board_state import Action, Board, Log, Wish, news, pressed
from park.drawing.board.keyboard import Keyboard
from park.drawing.look import glyphs_for
from park.errors import ParkError, ServiceUnreachable
from park.wire import NowRecord

__all__ = ["Watched", "live_board"]

_TURN_S = 0.25
"""How long the keyboard is waited for between two looks at the news."""

_Change = Callable[[Board], Board]


class Watched(Protocol):
    """A service as the board needs it."""

    def now(self) -> NowRecord:
        """Return what goes on; returns after a moment where nothing is newer yet."""

    def log(self, job: str) -> Iterator[str]:
        """Yield what a job writes, to its end."""

    def cancel(self, job: str) -> str:
        """Cancel a job; return what became of it."""


def live_board(board: Board, service: Watched, console: Console, keys: Keyboard) -> None:
    """Show the board until somebody quits."""
    glyphs = glyphs_for(sys.stdout)
    told: queue.SimpleQueue[_Change] = queue.SimpleQueue()
    over = threading.Event()
    _aside(_news, service, told, over)

    def drawing() -> RenderableType:
        now = datetime.now(UTC)
        size = console.size
        lines = board_lines(board, now, glyphs=glyphs, width=size.width, height=size.height)
        return Group(*lines)

    try:
        with Live(
            get_renderable=drawing, console=console, screen=True, auto_refresh=False
        ) as screen:
            while True:
                screen.refresh()
                for key in keys.wait(_TURN_S):
                    board, wish = pressed(board, key)
                    if wish is not None and wish.action is Action.QUIT:
                        return
                    _begun(wish, service, told, over)
                board = _caught_up(board, told)
    finally:
        over.set()


def _caught_up(board: Board, told: queue.SimpleQueue[_Change]) -> Board:
    while True:
        try:
            board = told.get_nowait()(board)
        except queue.Empty:
            return board


def _begun(
    wish: Wish | None,
    service: Watched,
    told: queue.SimpleQueue[_Change],
    over: threading.Event,
) -> None:
    if wish is None:
        return
    act = {Action.LOG: _read, Action.CANCEL: _cancel}[wish.action]
    _aside(act, service, told, over, wish)


def _aside(act: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=act, args=arguments, name="park watch", daemon=True).start()


def _news(service: Watched, told: queue.SimpleQueue[_Change], over: threading.Event) -> None:
    while not over.is_set():
        try:
            told.put(_with(service.now()))
        except ServiceUnreachable as error:
            told.put(_silent(error.message))
            over.wait(1.0)
        except ParkError as error:
            told.put(_saying(error.message))
            return


def _read(
    service: Watched, told: queue.SimpleQueue[_Change], over: threading.Event, wish: Wish
) -> None:
    try:
        for text in service.log(wish.job):
            if over.is_set():
                return
            told.put(_in_log(wish.log, _writing(text)))
        told.put(_in_log(wish.log, lambda log: replace(log, is_over=True)))
    except ParkError as error:
        told.put(_in_log(wish.log, _writing(error.message)))


def _cancel(
    service: Watched, told: queue.SimpleQueue[_Change], _over: threading.Event, wish: Wish
) -> None:
    try:
        told.put(_saying(service.cancel(wish.job)))
    except ParkError as error:
        told.put(_saying(error.message))


def _with(now: NowRecord) -> _Change:
    return lambda board: news(board, now)


def _silent(message: str) -> _Change:
    return lambda board: replace(board, silence=f"{message}; trying again")


def _saying(text: str) -> _Change:
    return lambda board: replace(board, said=text)


def _writing(text: str) -> Callable[[Log], Log]:
    return lambda log: log.wrote(text)


def _in_log(number: int, change: Callable[[Log], Log]) -> _Change:
    """Return a change of the log of that ``number``, where it is still looked at."""

    def changed(board: Board) -> Board:
        if board.log is None or board.log.number != number:
            return board
        return replace(board, log=change(board.log))

    return changed
