"""The picture of ``park watch`` on a terminal, drawn by rich: times go on between two answers."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from park.client.workflows.layers import Workflow
from park.client.workflows.updates import State
from park.drawing.look import glyphs_for, styled
from park.drawing.tree import Glyphs, Row, one_line, tree
from park.model.states import JobState, standing
from park.wire import GraphRecord

if TYPE_CHECKING:
    from park.client.workflows.updates import Watched

__all__ = ["live", "picture"]

_URGENCY = (
    JobState.RUNNING,
    JobState.FAILED,
    JobState.QUEUED,
    JobState.CANCELLED,
    JobState.WAITING,
    JobState.COMPLETED,
)
"""What stays where not all of it fits, first to last."""

_WHOLE = 10_000
"""Lines of the last picture, which may scroll."""

_AROUND = 3
"""Lines below the pieces, and one for the prompt."""


def live(states: Watched, console: Console) -> GraphRecord:
    """Draw the states as they come; return the last graph."""
    state = next(states)
    glyphs = glyphs_for(sys.stdout)  # before rich puts its own stream in the place of it

    def drawing(height: int) -> RenderableType:
        now = datetime.now(UTC)
        return picture(state, now, glyphs=glyphs, width=console.width, height=height)

    def now() -> RenderableType:
        return drawing(console.height)

    with Live(get_renderable=now, console=console, refresh_per_second=5, transient=True) as drawn:
        for newer in states:
            state = newer
            drawn.refresh()
    console.print(drawing(_WHOLE))
    return state.record


def picture(
    state: State, now: datetime, *, glyphs: Glyphs, width: int, height: int
) -> RenderableType:
    """Return a workflow as it is ``now``, in ``width`` columns and ``height`` lines."""
    rows = tree(Workflow(state.record), now, glyphs=glyphs)
    room = max(height - _AROUND, 3)
    lines = styled(rows, width=width, glyphs=glyphs, whole=height >= _WHOLE)
    if len(lines) <= room:
        return Group(*lines, _summary(state))
    shown = _urgent(rows, room // 2)  # each may take two lines
    more = Text(f"{glyphs.ellipsis} and {len(rows) - len(shown)} more lines", style="dim")
    return Group(*styled(shown, width=width, glyphs=glyphs, whole=False), more, _summary(state))


def _urgent(rows: Sequence[Row], room: int) -> list[Row]:
    """Return the most urgent rows, in the order of the tree but without its lines."""
    rank: dict[JobState | None, int] = {state: place for place, state in enumerate(_URGENCY)}
    order = sorted(
        range(len(rows)), key=lambda index: rank.get(standing(rows[index].status), len(rank))
    )
    return [replace(rows[index], lead="") for index in sorted(order[:room])]


def _summary(state: State) -> RenderableType:
    counts = Counter(str(standing(node.status) or node.status) for node in state.record.nodes)
    line = Text(_counted(counts), style="bold")
    if state.silence is not None:
        line.append(f"   {one_line(state.silence)}", style="red")
    return line


def _counted(counts: Counter[str]) -> str:
    known = [str(state) for state in _URGENCY if counts[state]]
    others = sorted(set(counts) - set(known))
    return ", ".join(f"{counts[state]} {state}" for state in (*known, *others))
