"""How a state looks wherever signs and colours can be drawn: states differ by both."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from park.model.states import JobState

__all__ = ["SIGNS", "TINTS"]

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
"""Colours for a page whose ground is not known: a contrast of 4 or more to white and to black."""
