"""Jobs on their way in: checked together, then committed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from park_server.jobs.admission.pieces import Piece
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.conditions.settlement import Created

__all__ = ["Accepted", "Submission"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """Jobs that were checked together, and when; in ``pieces`` where they are many."""

    plans: list[Planned]
    accepted: datetime
    pieces: Sequence[Piece] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A submission that is committed, and what became of its jobs at once."""

    submission: Submission
    created: Created
