"""How states look: one table of colours for terminals, DOT and SVG, light and dark."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, TextIO

from park.drawing.tree import (
    ASCII,
    UNICODE,
    Cells,
    Glyphs,
    Row,
    aligned,
    below,
    shortened,
)
from park.model.states import JobState, standing

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["Look", "console", "glyphs_for", "look_of", "styled"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """A state's ``style`` in a terminal (rich's words), and in drawings its colours.

    ``strong`` is for lines and signs, with a contrast of at least 4.5 to ``pale``, behind it;
    ``dark`` are the same two on dark ground.
    """

    style: str
    strong: str
    pale: str
    dark: tuple[str, str]


_LOOKS = {
    JobState.WAITING: Look(
        style="dim", strong="#5d6675", pale="#f3f4f6", dark=("#a6b0bf", "#262b33")
    ),
    JobState.QUEUED: Look(
        style="cyan", strong="#0b6b83", pale="#e4f5fa", dark=("#5fc9e2", "#12313a")
    ),
    JobState.RUNNING: Look(
        style="blue", strong="#1d4fc4", pale="#e6edff", dark=("#8fb0ff", "#18264a")
    ),
    JobState.COMPLETED: Look(
        style="green", strong="#1b6e38", pale="#e5f6ea", dark=("#6fd08c", "#14301d")
    ),
    JobState.FAILED: Look(
        style="bold red", strong="#b3211f", pale="#fdeaea", dark=("#ff9490", "#431b1b")
    ),
    JobState.CANCELLED: Look(
        style="yellow", strong="#835400", pale="#fdf3dd", dark=("#e9b955", "#3a2c0e")
    ),
    None: Look(style="", strong="#5d6675", pale="#ffffff", dark=("#a6b0bf", "#1c2026")),
}


def look_of(status: str) -> Look:
    """Return how the state of a job or an install looks."""
    return _LOOKS[standing(status)]


def glyphs_for(stream: TextIO) -> Glyphs:
    """Return the signs that the encoding of ``stream`` has."""
    try:
        "".join([*UNICODE.states.values(), UNICODE.fork, UNICODE.full]).encode(
            getattr(stream, "encoding", None) or "ascii"
        )
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return UNICODE


def console() -> Console | None:
    """Return where to write with colours, or None where plain lines are right.

    rich itself honours ``NO_COLOR``.
    """
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return None
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def styled(rows: Sequence[Row], *, width: int, glyphs: Glyphs, whole: bool) -> list[Text]:
    """Return the lines of a tree with the colours of their states, in ``width`` columns.

    What is to be said of a piece and does not fit beside it comes below, on as many lines as
    it takes if it is to be ``whole``, else on one.
    """
    cells = aligned(rows, widest=max(width - 40, 20), glyphs=glyphs)
    found: list[Text] = []
    for parts, row in zip(cells, rows, strict=True):
        line = _head(parts, row)
        tint = "red" if standing(row.status) is JobState.FAILED else "dim"
        if len(line) + 2 + len(parts.notes) <= width:
            line.append(f"  {parts.notes}", style=tint)
            found.append(line)
            continue
        found.append(line)
        lead = below(row, glyphs)
        room = max(width - len(lead), 20)
        said = wrap(parts.notes, room) if whole else [shortened(parts.notes, room)]
        found += [_below(lead, text, tint) for text in said]
    for line in found:
        line.rstrip()
        line.truncate(width, overflow="ellipsis")
    return found


def _head(parts: Cells, row: Row) -> Text:
    from rich.text import Text

    style = look_of(row.status).style
    line = Text(no_wrap=True)
    line.append(parts.lead, style="dim")
    line.append(row.sign, style=style)
    line.append(parts.name[len(row.sign) :])
    line.append(f"  {parts.id}", style="dim")
    line.append(f"  {parts.status}", style=style)
    line.append(f"  {parts.time}", style="dim")
    if parts.bar:
        line.append(f"  {parts.bar}", style=style)
    return line


def _below(lead: str, text: str, tint: str) -> Text:
    from rich.text import Text

    return Text.assemble((lead, "dim"), (text, tint), no_wrap=True)
