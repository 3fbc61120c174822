"""The log of a job as it comes: as it is into a pipe, and harmless on a terminal."""

from __future__ import annotations

import io
from contextlib import closing

from park.cli.log_output import LogOutput


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


WRITTEN = ["fit\x1b", "[32", "m 3 %\r", "\x1b]0;owned\x07", "\x1b[2"]


def written(to: io.StringIO) -> str:
    with closing(LogOutput(to)) as out:
        for text in WRITTEN:
            out.write(text)
    return to.getvalue()


def test_a_pipe_gets_what_was_written() -> None:
    assert written(io.StringIO()) == "".join(WRITTEN)


def test_a_terminal_gets_colours_whole_and_nothing_else_that_it_obeys() -> None:
    assert written(Terminal()) == "fit\x1b[32m 3 %\r\\x1b]0;owned\\x07\\x1b[2"
