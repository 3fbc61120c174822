"""What a job writes, as it comes: as it is into a pipe or a file, and harmless on a terminal."""

from __future__ import annotations

from typing import TextIO

from park.inert_text import inert, inert_log, whole_part

__all__ = ["LogOutput"]


class LogOutput:
    """Writes the log of a job to ``stream``, a piece at a time.

    A terminal is given its text, its colours and its bars, and the rest as its escape: a job must
    not name the window, write to the clipboard, or ask what is answered on the keyboard.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._begun = ""

    def write(self, text: str) -> None:
        """Write ``text``, but for a colour that is not whole yet."""
        if self._is_terminal:
            text = self._begun + text
            whole = whole_part(text)
            text, self._begun = inert_log(text[:whole]), text[whole:]
        self._stream.write(text)
        self._stream.flush()

    def close(self) -> None:
        """Write what never became whole."""
        self._stream.write(inert(self._begun))
        self._stream.flush()
