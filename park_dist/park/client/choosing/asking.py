"""A user is asked which version is to run, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from threading import Lock
from typing import TextIO

from park.client.choosing.nearness import Ranked
from park.client.choosing.version_lines import lines_of
from park.inert_text import inert_line

__all__ = ["ask_on_terminal"]

_ONE_AT_A_TIME = Lock()
"""Environments are looked for in several threads."""

_SHOWN = 9
"""Versions to choose from: one digit each."""


def ask_on_terminal(there: Sequence[Ranked]) -> Ranked | None:
    """Show ``there``, the nearest first, and return the one that the user takes.

    None where he takes none, and where there is no terminal to ask him.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    with _ONE_AT_A_TIME:
        return _asked(there[:_SHOWN], sys.stdin, sys.stderr)


def _asked(shown: Sequence[Ranked], answers: TextIO, screen: TextIO) -> Ranked | None:
    screen.write("the service does not take the version of here; it has:\n")
    for number, each in enumerate(shown, start=1):
        screen.writelines(f"{inert_line(line)}\n" for line in lines_of(each, f"{number}  "))
    while True:
        screen.write(f"run in which of them (1-{len(shown)}, or none)? ")
        screen.flush()
        answer = answers.readline().strip().lower()
        if answer in {"", "n", "no", "none"}:
            return None
        if answer.isdecimal() and 1 <= int(answer) <= len(shown):
            return shown[int(answer) - 1]
