"""What goes on while somebody waits, told on stderr: nothing is silent for more than a second."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from park.client.report import Report, is_terminal, reporter
from park.inert_text import inert_line

if TYPE_CHECKING:
    import logging

__all__ = [
    "Background",
    "Voice",
    "background",
    "drawn_while_waiting",
    "of_command",
    "of_script",
    "say_of_outage",
]

_SWITCH = "PARK_REPORT"
"""``none`` has a script say nothing, be it of an outage."""

_REMEMBERED = 50
"""Lines that are kept for whoever waits later; a set has some ten trees at most."""

_SAME_S = 30.0
"""Seconds in which a line that stays is not said again as it is: a set asks for sixty pages, and
where a service is slow each of them is late."""

_ANEW = "\r\x1b[2K"
"""To the beginning of the line, and erase it: ECMA-48, CR and EL."""


_Write = Callable[[str], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Style:
    """How lines are written: ``say`` what stays, and ``show`` what the next word replaces.

    ``show`` is None where nobody wants to hear it; ``in_place`` tells that it can be erased.
    """

    say: _Write
    show: _Write | None
    in_place: bool = False


class Voice:
    """Says lines to a person, or to a log: in the style that fits where stderr goes now."""

    def __init__(
        self, style: Callable[[], _Style], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._style = style
        self._is_open = False
        self._clock = clock
        self._last = ("", 0.0)

    @property
    def is_heard(self) -> bool:
        """Whether anybody hears what is shown: nobody's news are not asked for."""
        return self._style().show is not None

    @property
    def is_showing(self) -> bool:
        """Whether something stands there now that the next word would replace."""
        return self._is_open

    @property
    def shows_in_place(self) -> bool:
        """Whether what is shown is replaced by the next word, and not a line of its own."""
        return self._style().in_place

    def say(self, text: str) -> None:
        """Say what stays to be read."""
        self.clear()
        self._last = ("", 0.0)
        self._style().say(inert_line(text))

    def show(self, text: str) -> None:
        """Say what holds until the next word: on a terminal in the place of the one before.

        Elsewhere it stays, and is not said again before something else was, or half a minute is
        over.
        """
        style = self._style()
        if style.show is None or (not style.in_place and self._holds(text)):
            return
        style.show(inert_line(text))
        self._is_open = style.in_place

    def _holds(self, text: str) -> bool:
        """Tell whether ``text`` was the last word a moment ago; else it is from now on."""
        last, at = self._last
        now = self._clock()
        if text == last and now < at + _SAME_S:
            return True
        self._last = (text, now)
        return False

    def clear(self) -> None:
        """Take away what was shown in place; others write there now."""
        if self._is_open:
            self._is_open = False
            _written(_ANEW)


def _command_style() -> _Style:
    return _TERMINAL if is_terminal() else _Style(say=_line, show=_line)


def _script_style() -> _Style:
    if _is_switched_off():
        return _Style(say=_log().debug, show=None)
    if is_terminal():
        return _TERMINAL
    import logging  # what commands do without

    log = _log()
    return _Style(say=log.warning, show=log.info if log.isEnabledFor(logging.INFO) else None)


def of_command(*, clock: Callable[[], float] = time.monotonic) -> Voice:
    """Return the voice of the command line: lines on stderr, in place on a terminal."""
    return Voice(_command_style, clock=clock)


def of_script() -> Voice:
    """Return the voice of a script: as the command's on a terminal, else the logger ``park``.

    ``PARK_REPORT=none`` gives one that nobody hears.
    """
    return Voice(_script_style)


def say_of_outage(text: str) -> None:
    """Say that a service does not answer, or does again: a warning in the log ``park``.

    Without a configuration of its own, Python writes its warnings to standard error.
    """
    log = _log()
    say = log.debug if _is_switched_off() else log.warning
    say("park: %s", inert_line(text))


def _is_switched_off() -> bool:
    return os.environ.get(_SWITCH, "").strip().lower() == "none"


@cache
def _log() -> logging.Logger:
    import logging

    return logging.getLogger("park")


def _written(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _line(text: str) -> None:
    _written(f"{text}\n")


_TERMINAL = _Style(say=_line, show=lambda text: _written(f"{_ANEW}{text}"), in_place=True)


class Background:
    """The report of what goes on in the background: drawn while somebody waits for it.

    A script that does other things meanwhile has its terminal for itself; what was done
    until it waits is told then. Where stderr is no terminal, the logger ``park`` hears all.
    """

    def __init__(self) -> None:
        self.forked()

    def forked(self) -> None:
        """Begin anew in a forked process."""
        self._lock = threading.Lock()
        self._steps: deque[str] = deque(maxlen=_REMEMBERED)
        self._stages: dict[str, tuple[int, int, str]] = {}
        self._waiting = 0
        self._drawing: _Drawing | None = None
        self._noted: set[str] = set()

    @property
    def is_drawn(self) -> bool:
        """Whether it stands on the terminal now, since somebody waits for it."""
        return self._drawing is not None

    def note(self, text: str) -> None:
        """Say what somebody should know, each once: drawn, or as a warning in the log."""
        text = inert_line(text)
        with self._lock:
            if text in self._noted or _is_switched_off():
                return
            self._noted.add(text)
            if self._drawing is not None:
                self._drawing.report.step(text)
            elif is_terminal():
                self._steps.append(text)
            else:
                _log().warning("%s", text)

    def step(self, text: str) -> None:
        """Something was done, or begins."""
        text = inert_line(text)
        with self._lock:
            if self._drawing is not None:
                self._drawing.report.step(text)
            elif is_terminal() and not _is_switched_off():
                self._steps.append(text)
            else:
                self._logs(text)

    def progress(self, stage: str, done: int, total: int, unit: str) -> None:
        """``stage`` is at ``done`` of ``total`` (0: not known) in ``unit``."""
        stage = inert_line(stage)
        with self._lock:
            if self._drawing is not None:
                self._drawing.report.progress(stage, done, total, unit)
                return
            if stage not in self._stages:
                self._logs(f"{stage}…")
            self._stages[stage] = (done, total, unit)

    def _logs(self, text: str) -> None:
        if not _is_switched_off():
            _log().info(text)

    @contextmanager
    def drawn(self) -> Iterator[None]:
        """Draw it on the terminal for as long as somebody waits, if there is one."""
        if not is_terminal() or _is_switched_off():
            yield
            return
        self._begin()
        try:
            yield
        finally:
            self._end()

    def _begin(self) -> None:
        with self._lock:
            self._waiting += 1
            if self._drawing is None:
                self._drawing = _Drawing()
                while self._steps:
                    self._drawing.report.step(self._steps.popleft())
                for stage, amounts in self._stages.items():
                    self._drawing.report.progress(stage, *amounts)
                self._stages.clear()

    def _end(self) -> None:
        with self._lock:
            self._waiting -= 1
            if not self._waiting and self._drawing is not None:
                self._drawing.close()
                self._drawing = None


@contextmanager
def drawn_while_waiting(timeout: float | None = None) -> Iterator[None]:
    """Draw what goes on in the background while the caller waits; not for a mere look."""
    if timeout == 0:
        yield
        return
    with background.drawn():
        yield


class _Drawing:
    """A reporter that is entered, until it is closed."""

    def __init__(self) -> None:
        self._manager = reporter()
        self.report: Report = self._manager.__enter__()

    def close(self) -> None:
        """Stop drawing."""
        self._manager.__exit__(None, None, None)


background = Background()
"""Of this process: what is submitted is bound, built and sent for all services together."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=background.forked)
