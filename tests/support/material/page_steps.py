"""What a page of the documentation has its reader do: its blocks as steps, from top to bottom.

A block of ``console`` is commands with what they print, one of ``bash`` commands alone, one of
``python`` a cell of one session; any other is only looked at. A block that follows a line which
ends in "`path`:" is the content of that file. What is not seen by a reader stands in a comment
before a block:

    <!-- page: not run: WHY -->                      the next block is not typed
    <!-- page: output not compared: WHY -->          it is, and may print something else
    <!-- page: NAME is: COMMAND -->                  what NAME stands for on this page
    <!-- page: first bash                            typed before the next block; or python
    COMMANDS
    -->
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cell", "Named", "NotRun", "Step", "Typed", "Written", "steps_of"]


@dataclass(frozen=True, slots=True)
class Typed:
    """A command of a shell; ``shown`` are the lines that follow, None where none are compared."""

    line: int
    command: str
    shown: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """Python, in the session of its page."""

    line: int
    code: str


@dataclass(frozen=True, slots=True)
class Written:
    """A file that the reader writes."""

    line: int
    path: str
    content: str


@dataclass(frozen=True, slots=True)
class Named:
    """A word of the page that stands for the last one that ``command`` prints."""

    line: int
    name: str
    command: str


@dataclass(frozen=True, slots=True)
class NotRun:
    """A block that nobody types here, and why."""

    line: int
    why: str


Step = Typed | Cell | Written | Named | NotRun

_PART = re.compile(
    r"^<!-- page: (?P<marker>.*?)\s*-->$|^```(?P<language>\w*)\n(?P<block>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FIRST = re.compile(r"first (bash|python)\n(.*)", re.DOTALL)
_NAMED = re.compile(r"(\S+) is: (.*)", re.DOTALL)
_OF_A_FILE = re.compile(r"`([\w./-]+\.\w+)`:\n\n$")
_TYPED = {"console", "bash", "sh", "python"}


def steps_of(page: str) -> Iterator[Step]:
    """Yield the steps of a page; ValueError names a marker that says nothing, by its line."""
    why, is_compared, marked = "", True, 0
    for part in _PART.finditer(page):
        line = page.count("\n", 0, part.start()) + 1
        if marker := part["marker"]:
            kind, _, reason = marker.partition(": ")
            if kind in {"not run", "output not compared"} and reason:
                why, is_compared, marked = (reason if kind == "not run" else ""), False, line
            else:
                yield _of_marker(line, marker)
            continue
        if marked and part["language"] not in _TYPED:
            raise ValueError(f"line {marked}: what follows is not typed in any case")
        if why:
            yield NotRun(line, why)
        else:
            before = page[: part.start()]
            yield from _of_block(
                line, part["language"], part["block"], before, is_compared=is_compared
            )
        why, is_compared, marked = "", True, 0
    if marked:
        raise ValueError(f"line {marked}: no block follows")


def _of_marker(line: int, marker: str) -> Step:
    if first := _FIRST.fullmatch(marker):
        return Typed(line, first[2]) if first[1] == "bash" else Cell(line, first[2])
    if named := _NAMED.fullmatch(marker):
        return Named(line, named[1], named[2])
    raise ValueError(f"line {line}: no marker is {marker!r}")


def _of_block(
    line: int, language: str, block: str, before: str, *, is_compared: bool
) -> Iterator[Step]:
    of_file = _OF_A_FILE.search(before)
    if of_file and language != "console":
        yield Written(line, of_file[1], block)
    elif language == "python":
        yield Cell(line, block)
    elif language in {"bash", "sh"}:
        yield Typed(line, block)
    elif language == "console":
        yield from _commands(line, block, is_compared=is_compared)


def _commands(line: int, block: str, *, is_compared: bool) -> Iterator[Typed]:
    lines = block.splitlines()
    starts = [number for number, text in enumerate(lines) if text.startswith("$ ")]
    if not starts or starts[0] != 0:
        raise ValueError(f"line {line}: a console begins with what is typed: $ COMMAND")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        last = start
        while lines[last].endswith("\\"):
            last += 1
        command = "\n".join(lines[start : last + 1]).removeprefix("$ ")
        shown = tuple(lines[last + 1 : end]) if is_compared else None
        yield Typed(line + 1 + start, command, shown)
