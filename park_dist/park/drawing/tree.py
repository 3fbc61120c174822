"""A workflow as lines of text: a tree with each piece once, its state told by glyph and word."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from park.cards.state_look import SIGNS
from park.client.workflows.layers import Branch, Workflow
from park.drawing.progress_text import values_text
from park.model.conditions import brief
from park.model.states import JobState, NodeKind, standing
from park.model.urls import host_of
from park.wire import GraphEdge, GraphNode

__all__ = [
    "ASCII",
    "UNICODE",
    "Cells",
    "Glyphs",
    "Row",
    "aligned",
    "below",
    "elapsed",
    "extent",
    "folded",
    "goes_on",
    "label_of",
    "one_line",
    "short_label",
    "shortened",
    "tree",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Glyphs:
    """The signs of a tree: of each state, and the lines that lead to a piece."""

    states: Mapping[JobState | None, str]
    fork: str
    corner: str
    pipe: str
    blank: str
    full: str
    empty: str
    ellipsis: str
    times: str

    def of(self, status: str) -> str:
        """Return the sign of a state."""
        return self.states[standing(status)]


UNICODE = Glyphs(
    states=SIGNS,
    fork="├─ ",
    corner="└─ ",
    pipe="│  ",
    blank="   ",
    full="━",
    empty="╌",
    ellipsis="…",
    times="×",  # noqa: RUF001 (what it is for)
)

ASCII = Glyphs(
    states={
        JobState.WAITING: ".",
        JobState.QUEUED: "o",
        JobState.RUNNING: "*",
        JobState.COMPLETED: "+",
        JobState.FAILED: "x",
        JobState.CANCELLED: "-",
        None: "?",
    },
    fork="|- ",
    corner="`- ",
    pipe="|  ",
    blank="   ",
    full="#",
    empty="-",
    ellipsis="...",
    times="x",
)
"""For terminals and files whose encoding has no more."""

_DEEPEST = 24
"""Levels that are drawn; what is deeper is drawn there, with the number of its level."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the tree: ``lead`` up to the sign, then what is said of ``node``, part by part.

    ``alike`` are the pieces that this line stands for besides ``node``.
    """

    node: GraphNode
    lead: str
    sign: str
    label: str
    id: str
    status: str
    time: str
    bar: str
    notes: tuple[str, ...]
    alike: tuple[GraphNode, ...] = ()


def tree(
    workflow: Workflow, now: datetime, *, glyphs: Glyphs = UNICODE, fold: int | None = 8
) -> list[Row]:
    """Return the lines of a workflow as it is ``now`` (aware).

    Where more than ``fold`` pieces from which nothing hangs follow one another, and differ in
    nothing but their ids and what they need, one line counts them; None has them all, and
    names all that each needs.
    """
    installs = {name for name, node in workflow.nodes.items() if node.kind is NodeKind.INSTALL}
    most = None if fold is None else _MOST_NAMED
    return [_row(alike, now, glyphs, installs, most) for alike in folded(workflow, fold)]


_MOST_NAMED = 3
"""Pieces that one line names besides its own; more of them are counted."""


def _row(
    alike: Sequence[Branch],
    now: datetime,
    glyphs: Glyphs,
    installs: Collection[str],
    most: int | None,
) -> Row:
    """Return the line of pieces that are alike; what only one has is said where it is alone."""
    node, alone = alike[0].node, len(alike) == 1
    label = label_of(node) if len({branch.node.label for branch in alike}) == 1 else _called(node)
    return Row(
        node=node,
        lead=_lead(alike[-1].last, glyphs),
        sign=glyphs.of(node.status),
        label=label if alone else f"{len(alike)} {glyphs.times} {label}",
        id=brief(node.id).replace("…", glyphs.ellipsis) if alone else "",
        status=node.status,
        time=elapsed(node, now) if alone else "",
        bar=_bar(node, glyphs) if alone else "",
        notes=tuple(_notes(alike, glyphs, installs, most)),
        alike=tuple(branch.node for branch in alike[1:]),
    )


def _called(node: GraphNode) -> str:
    """Return what pieces have in common that have other arguments, or other labels."""
    return one_line(node.entry_point or node.label)


def folded(workflow: Workflow, fold: int | None) -> Iterator[Sequence[Branch]]:
    """Yield the branches, those together that one line stands for."""
    bearing = frozenset(filter(None, workflow.trunks.values()))
    for _, group in groupby(workflow.branches(), lambda each: _kind(workflow, each, bearing)):
        alike = list(group)
        if fold is not None and len(alike) > fold:
            yield alike
        else:
            yield from ([branch] for branch in alike)


def _kind(workflow: Workflow, branch: Branch, bearing: Collection[str]) -> object:
    """Return what the pieces of one line share; what something hangs from has its own."""
    node = branch.node
    if node.id in bearing:
        return node.id
    needed_by = tuple((edge.job, edge.how) for edge in workflow.needed_by[node.id])
    place = (len(branch.last), branch.last[:-1])
    return (*place, node.kind, _called(node), node.status, node.why, needed_by)


def _lead(last: tuple[bool, ...], glyphs: Glyphs) -> str:
    if not last:
        return ""
    *above, end = last[:_DEEPEST]
    beyond = f"({len(last)}) " if len(last) > _DEEPEST else ""
    lines = "".join(glyphs.blank if over else glyphs.pipe for over in above)
    return f"{lines}{glyphs.corner if end or beyond else glyphs.fork}{beyond}"


def label_of(node: GraphNode) -> str:
    """Return what a piece is called; of what is not a call, its kind comes first."""
    label = one_line(node.label) or brief(node.id)
    if node.kind is NodeKind.CALL or label.startswith(node.kind):
        return label
    return f"{node.kind} {label}"


def short_label(node: GraphNode, width: int) -> str:
    """Return the label in at most ``width`` characters."""
    return shortened(label_of(node), width)


def _notes(
    alike: Sequence[Branch], glyphs: Glyphs, installs: Collection[str], most: int | None
) -> Iterator[str]:
    node = alike[0].node
    if node.service is not None:
        yield f"on {host_of(node.service)}"
    if node.why and standing(node.status) is not JobState.COMPLETED:
        yield one_line(node.why).replace("…", glyphs.ellipsis)
    if len(alike) == 1 and (values := _reported(node)):
        yield values
    # that a job needs its environment goes without saying
    also = [edge for edge in alike[0].also if edge.needed not in installs]
    if len(alike) == 1 and (needs := _named(also, most)):
        yield f"also needs {needs}".replace("…", glyphs.ellipsis)


def _reported(node: GraphNode) -> str:
    """Return the values that a piece reported last, while it goes on: ``chisq 1.5``."""
    return one_line(values_text(node.progress)) if goes_on(node) else ""


def goes_on(node: GraphNode) -> bool:
    """Tell whether a piece has not ended: one that waits for the run of another may report, too."""
    state = standing(node.status)
    return state is not None and not state.is_final


def _named(edges: Iterable[GraphEdge], most: int | None) -> str:
    grouped: dict[str, list[str]] = {}
    for edge in edges:
        grouped.setdefault(edge.needed, []).append(edge.how)
    named = [f"{brief(name)} ({', '.join(hows)})" for name, hows in grouped.items()]
    more = 0 if most is None else len(named) - most
    return ", ".join(named) if more <= 0 else f"{', '.join(named[:most])}, and {more} more"


_BAR = 10


def _bar(node: GraphNode, glyphs: Glyphs) -> str:
    part = extent(node)
    if part is None or not goes_on(node):
        return ""
    full = round(part * _BAR)
    return f"{glyphs.full * full}{glyphs.empty * (_BAR - full)} {part:.0%}"


def extent(node: GraphNode) -> float | None:
    """Return how much of a piece is done, from 0 to 1, where it reports that."""
    report = node.progress or {}
    done, total = report.get("done"), report.get("total")
    if not isinstance(done, (int, float)) or not isinstance(total, (int, float)) or total <= 0:
        return None
    if done <= 0 or done >= total:  # said first: a quotient of any two integers may be no float
        return float(done > 0)
    try:
        return done / total
    except OverflowError:  # of a whole that no float is as large as
        return 0.0


_MINUTE, _HOUR = 60, 3600


def elapsed(node: GraphNode, now: datetime) -> str:
    """Return how long a piece ran or has run by ``now``; empty before its start."""
    if node.started is None:
        return ""
    end = now if node.finished is None else datetime.fromisoformat(node.finished)
    seconds = max((end - datetime.fromisoformat(node.started)).total_seconds(), 0.0)
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:.0f} s"
    return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"


def one_line(text: str) -> str:
    """Return ``text`` without line breaks and control characters: it may be anybody's."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shortened(text: str, width: int, *, ellipsis: str = "…") -> str:
    """Return ``text`` in at most ``width`` characters: its middle is left out."""
    if len(text) <= width:
        return text
    room = max(width - len(ellipsis), 0)
    head = (room + 1) // 2
    return text[:head] + ellipsis[:width] + text[len(text) - (room - head) :]


def below(row: Row, glyphs: Glyphs) -> str:
    """Return what leads to a line below that of ``row`` that belongs to it."""
    for last, onward in ((glyphs.corner, glyphs.blank), (glyphs.fork, glyphs.pipe)):
        if row.lead.endswith(last):
            return f"{row.lead.removesuffix(last)}{onward}  "
    return " " * (len(row.lead) + 2)


class Cells(NamedTuple):
    """The parts of a line, padded so that those of all lines stand below one another."""

    lead: str
    name: str
    id: str
    status: str
    time: str
    bar: str
    notes: str

    def __str__(self) -> str:
        return f"{self.lead}{'  '.join(filter(None, self[1:]))}".rstrip()


def aligned(rows: Sequence[Row], *, widest: int = 48, glyphs: Glyphs = UNICODE) -> list[Cells]:
    """Return the lines in columns; labels have at most ``widest`` characters."""
    labels = [shortened(row.label, widest, ellipsis=glyphs.ellipsis) for row in rows]
    named = list(zip(rows, labels, strict=True))
    name = max((len(row.lead) + len(label) for row, label in named), default=0)
    status = max((len(row.status) for row in rows), default=0)
    time = max((len(row.time) for row in rows), default=0)
    brief_id = max((len(row.id) for row in rows), default=0)
    return [
        Cells(
            lead=row.lead,
            name=f"{row.sign} {label:<{name - len(row.lead)}}",
            id=f"{row.id:<{brief_id}}",
            status=f"{row.status:<{status}}",
            time=f"{row.time:>{time}}",
            bar=row.bar,
            notes="  ".join(row.notes),
        )
        for row, label in named
    ]
