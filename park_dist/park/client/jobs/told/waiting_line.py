"""What somebody waits for who waits for several things: a line, once it lasts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from park.client.voice import background
from park.errors import ParkError
from park.lasting_step import SILENCE_S

if TYPE_CHECKING:
    from park.client.voice import Voice

__all__ = ["WaitingLine"]

_SHORTEST_S, _LONGEST_S, _SHARE = 2.0, 10.0, 20.0
"""Between two looks: a twentieth of the time that it lasts already."""


class WaitingLine:
    """Shows what ``line`` returns, by ``voice``: after a second, and again where it has changed.

    ``line`` asks the services; what goes wrong with that is told where it is waited.
    """

    def __init__(
        self,
        voice: Voice,
        line: Callable[[], str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._voice = voice
        self._line = line
        self._clock = clock
        self._began = clock()
        self._next = self._began + SILENCE_S
        self._told = ""

    def wait_s(self, left: float | None) -> float | None:
        """Return how long to wait, of the seconds that are ``left``, before there may be a word."""
        if not self._voice.is_heard:
            return left
        until_next = max(self._next - self._clock(), 0.0)
        return until_next if left is None else min(left, until_next)

    def look(self) -> None:
        """Show the line, where it is time to; what is built and sent is drawn in its place."""
        now = self._clock()
        if not self._voice.is_heard or now < self._next:
            return
        if background.is_drawn:
            self._next = now + SILENCE_S
            return
        self._next = now + min(max((now - self._began) / _SHARE, _SHORTEST_S), _LONGEST_S)
        try:
            line = self._line()
        except ParkError:
            return
        if line and line != self._told:
            self._told = line
            self._voice.show(line)

    def end(self) -> None:
        """Take the line away."""
        if self._told:
            self._voice.clear()
