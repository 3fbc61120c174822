"""Progress for people, on stderr: bars on a terminal, plain lines in a pipe."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Protocol, Self

from park.inert_text import inert_line
from park.lasting_step import LastingStep

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from rich.progress import Progress, TaskID

__all__ = ["Report", "Silence", "is_terminal", "reporter"]


class Report(Protocol):
    """Told what an install does while it does it."""

    def step(self, text: str) -> None:
        """Something was done, or begins."""

    def note(self, text: str) -> None:
        """Say what somebody should know, whether or not he looks at steps."""

    def progress(self, stage: str, done: int, total: int, unit: str) -> None:
        """``stage`` is at ``done`` of ``total`` (0: not known) in ``unit``."""


class Silence:
    """Reports nothing: as ``report=``, what is built, uploaded and made goes on without a word."""

    def step(self, text: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def progress(self, stage: str, done: int, total: int, unit: str) -> None:
        """Say nothing."""


def is_terminal() -> bool:
    """Tell whether stderr is a terminal on which lines can be drawn anew."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return terminal and os.environ.get("TERM") != "dumb"


def reporter() -> AbstractContextManager[Report]:
    """Return the report that fits where stderr goes; honours ``NO_COLOR`` through rich."""
    return _Bars() if is_terminal() else _Lines()


def _written(text: str) -> None:
    sys.stderr.write(f"{inert_line(text)}\n")
    sys.stderr.flush()


def _amount(value: int, unit: str) -> str:
    return f"{value / 2**20:.1f} MiB" if unit == "bytes" else f"{value} {unit}"


class _Lines:
    """A line as each stage begins, and at the end one for each with its amount."""

    def __init__(self) -> None:
        self._amounts: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # stages overlap and their totals grow: only at the end is an amount the last word
        for stage, amount in self._amounts.items():
            if amount:
                self.step(f"{stage}: {amount}")

    def step(self, text: str) -> None:
        _written(text)

    def note(self, text: str) -> None:
        self.step(text)

    def progress(self, stage: str, done: int, total: int, unit: str) -> None:
        if stage not in self._amounts:
            self.step(f"{stage}…")
        self._amounts[stage] = _amount(done, unit) if total else ""


class _Bars:
    """A bar for each stage, and for a step that lasts, drawn by rich."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._lasting = LastingStep(self._drawn)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lasting.end()
        if self._bars is not None:
            self._bars.stop()

    def _drawn(self, text: str) -> Callable[[], object]:
        bars = self._started()
        task = bars.add_task(inert_line(text), total=None, amount="")
        return lambda: bars.remove_task(task)

    def _started(self) -> Progress:
        # a thread of `LastingStep` comes here as well, but never beside a step or a stage: each of
        # these ends what lasts before it draws
        if self._bars is None:  # rich takes 50 ms to import: only where there is a bar to draw
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            self._bars = Progress(
                TextColumn("{task.description:<10}", markup=False),  # a service may say what it is
                BarColumn(),
                TextColumn("{task.fields[amount]}", markup=False),
                TimeElapsedColumn(),
                console=Console(stderr=True),
            )
            self._bars.start()
        return self._bars

    def step(self, text: str) -> None:
        self._lasting.end()
        if self._bars is not None:
            self._bars.console.print(inert_line(text), highlight=False, markup=False)
        else:
            _written(text)
        self._lasting.begin(text)

    def note(self, text: str) -> None:
        self.step(text)

    def progress(self, stage: str, done: int, total: int, unit: str) -> None:
        self._lasting.end()
        bars, stage = self._started(), inert_line(stage)
        amount = f"{_amount(done, unit)} of {_amount(total, unit)}" if total else ""
        if stage not in self._tasks:
            self._tasks[stage] = bars.add_task(stage, total=total or None, amount=amount)
        bars.update(self._tasks[stage], completed=done, total=total or None, amount=amount)
