"""Keys of a terminal, one at a time: without Enter, and by name."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Keyboard", "keyboard", "named"]

_NAMES = {
    "\r": "enter",
    "\n": "enter",
    "\x03": "ctrl-c",
    "\x1b": "escape",
    **{f"\x1b{lead}{end}": name for lead in "[O" for end, name in (
        ("A", "up"), ("B", "down"), ("C", "right"), ("D", "left"), ("H", "home"), ("F", "end"),
    )},
    "\x1b[5~": "page-up",
    "\x1b[6~": "page-down",
}  # fmt: skip
"""What terminals send (ECMA-48, xterm)."""


def named(sent: str) -> Iterator[str]:
    r"""Yield the names of the keys in what a terminal sent at once.

    >>> list(named("j\x1b[Aq"))
    ['j', 'up', 'q']
    """
    while sent:
        known = max((each for each in _NAMES if sent.startswith(each)), key=len, default=sent[0])
        sent = sent[len(known) :]
        yield _NAMES.get(known, known)


class Keyboard:
    """The keys of ``descriptor``, which is in the mode for that."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def wait(self, seconds: float) -> list[str]:
        """Return the keys that were pressed, after ``seconds`` at most."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return []
        sent = os.read(self._descriptor, 1_024)
        return list(named(sent.decode(errors="replace"))) if sent else ["q"]  # it hung up


@contextmanager
def keyboard() -> Iterator[Keyboard | None]:
    """Give the keys of this terminal, as long as the block lasts; None where there are none."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield None
        return
    if not sys.stdin.isatty():
        yield None
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield Keyboard(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
