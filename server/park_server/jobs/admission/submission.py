"""Jobs on their way in: checked together, then committed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from park.model.ids import JobId
from park_server.jobs.conditions.creation import Created
from park_server.jobs.conditions.needs import Planned

__all__ = ["Accepted", "Submission"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """Jobs that were checked together, and when; ``ordered``: each behind those that it needs.

    ``is_large``: they are too many, or too much, for one transaction, which others wait for.
    ``size``: the bytes that they came as, where that is known.
    """

    plans: Sequence[Planned]
    ordered: Sequence[Planned]
    accepted: datetime
    is_large: bool = False
    size: int = 0

    @property
    def ids(self) -> list[JobId]:
        """The ids of its jobs."""
        return [plan.id for plan in self.plans]


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A submission that is committed, and what became of its jobs at once.

    They are submitted at ``moment`` (RFC 3339 in UTC). ``created`` may have others' jobs as well.
    """

    submission: Submission
    created: Created
    moment: str
