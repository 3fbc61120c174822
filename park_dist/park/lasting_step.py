"""A step that lasts: shown again where nothing else was said for a second."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["SILENCE_S", "LastingStep"]

SILENCE_S = 1.0
"""After so long without a word one wonders whether a program still runs: a person is to
hear within two seconds what is waited for, with the time that an import takes."""

_Erase = Callable[[], object]


class LastingStep:
    """Has ``show`` draw the last step once it has lasted ``after_s``, until there is news.

    ``show`` gets the text, is called in a thread of its own, and returns what takes away again
    what it drew.
    """

    def __init__(self, show: Callable[[str], _Erase], after_s: float = SILENCE_S) -> None:
        self._show = show
        self._after_s = after_s
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._erase: _Erase | None = None

    def begin(self, text: str) -> None:
        """Begin a step: that of before has ended."""
        self.end()
        timer = threading.Timer(self._after_s, lambda: self._draw(timer, text))
        timer.daemon = True
        with self._lock:
            self._timer = timer
        timer.start()

    def end(self) -> None:
        """Take away what is shown of the step, if it has begun: there is news, or an end."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._erase is not None:
                self._erase()
                self._erase = None

    def _draw(self, timer: threading.Timer, text: str) -> None:
        with self._lock:
            if self._timer is timer:  # else its step ended a moment ago
                self._erase = self._show(text)
