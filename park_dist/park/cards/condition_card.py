"""What a notebook shows of a condition: its words, and what it is worth at this moment."""

from __future__ import annotations

from html import escape

from park.cards.frame import aside, framed
from park.cards.state_look import TINTS, coloured
from park.model.states import JobState
from park.model.truth import Truth

__all__ = ["condition_card"]

_WORDS = {Truth.TRUE: "true", Truth.NOT_YET: "not yet", Truth.NEVER: "never"}
_TINTS = {
    Truth.TRUE: TINTS[JobState.COMPLETED],
    Truth.NOT_YET: TINTS[JobState.WAITING],
    Truth.NEVER: TINTS[JobState.FAILED],
}


def condition_card(described: str, truth: Truth, why: str) -> str:
    """Return HTML for a condition that reads ``described``; ``why`` is empty where it is true."""
    head = f"{coloured(_TINTS[truth], _WORDS[truth])} <strong>{escape(described)}</strong>"
    return framed(head, *([aside(why)] if why else []), tint=_TINTS[truth])
