"""How a state looks wherever signs and colours can be drawn: states differ by both."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from park.model.states import JobState

__all__ = ["INK", "SIGNS", "TINTS", "coloured"]

SIGNS: Mapping[JobState | None, str] = MappingProxyType(
    {
        JobState.WAITING: "◌",
        JobState.QUEUED: "○",
        JobState.RUNNING: "●",
        JobState.COMPLETED: "✓",
        JobState.FAILED: "✗",
        JobState.CANCELLED: "⊘",
        None: "·",
    }
)
"""One character for each state; None: what has no state of a job."""

TINTS: Mapping[JobState | None, str] = MappingProxyType(
    {
        JobState.WAITING: "#6f7680",
        JobState.QUEUED: "#0e7f99",
        JobState.RUNNING: "#2f6fe0",
        JobState.COMPLETED: "#22863f",
        JobState.FAILED: "#d0342c",
        JobState.CANCELLED: "#9a6b0f",
        None: "#6f7680",
    }
)
"""Colours for a page whose ground is not known: a contrast of 3 or more, as lines and bars want it
(WCAG 2.2, 1.4.11), to the white and to the dark of notebooks."""

INK = 0.4
"""The part of the ink around it in a word of a state: darker on light, and lighter on dark, so that
it has the contrast of 4.5 that text wants (WCAG 2.2, 1.4.3), which no one colour has on both."""


def coloured(tint: str, inside: str) -> str:
    """Return ``inside``, which is HTML, in the colour ``tint``, with as much ink as text wants.

    A renderer that knows no `color-mix` keeps the plain colour.
    """
    mixed = f"color-mix(in srgb, currentcolor {INK:.0%}, {tint})"
    return f'<span style="color:{tint};color:{mixed}">{inside}</span>'
