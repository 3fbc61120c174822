"""The frame of all cards: a bar in the colour of a state, a head, rows of what is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from park.cards.state_look import SIGNS, TINTS, coloured
from park.model.states import JobState

__all__ = ["aside", "framed", "head_of", "table"]

_LEFT = "text-align:left;vertical-align:top"


def framed(head: str, *parts: str, tint: str = TINTS[None]) -> str:
    """Return a card: ``head`` and ``parts`` are HTML, with nothing in it that others can draw."""
    inside = "".join([f"<div>{head}</div>", *parts])
    style = f"border-left:4px solid {tint};padding-left:.8em;overflow-x:auto"  # in a narrow cell
    return f'<div style="{style}">{inside}</div>'


def head_of(state: JobState, title: str) -> str:
    """Return the head of what is in ``state``, by sign, word and colour."""
    word = coloured(TINTS[state], f"{SIGNS[state]} {escape(state)}")
    return f"{word} <strong>{escape(title)}</strong>"


def table(rows: Iterable[Sequence[str]], *, head: Sequence[str] = ()) -> str:
    """Return ``rows`` of text as a table; without a ``head`` the first column names things."""
    names = "".join(f'<th style="{_LEFT}">{escape(text)}</th>' for text in head)
    first = _LEFT if head else f"{_LEFT};opacity:.85"
    lines = [f"<thead><tr>{names}</tr></thead>"] if head else []
    for row in rows:
        cells = (
            f'<td style="{_LEFT if at else first}">{escape(text)}</td>'
            for at, text in enumerate(row)
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def aside(text: str) -> str:
    """Return a remark below what it belongs to."""
    return f'<div style="opacity:.85">{escape(text)}</div>'
