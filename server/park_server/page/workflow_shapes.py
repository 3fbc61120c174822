"""Which jobs a large workflow has, and what needs what in it: the same until somebody submits more.

To go through the graph is most of the work of a view; states change all the time, and it does not.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import Connection

from park.model.ids import JobId
from park_server.page.quotient import links_of, rows_of
from park_server.page.seen_records import WorkflowEdge, WorkflowNode
from park_server.page.state_counts import StateCounts, newest_event

__all__ = ["Seen", "WorkflowShapes"]

_MOST_JOBS = 500_000
"""Jobs of all workflows that are kept: some 60 MB. The newest is kept whatever its size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A workflow at this moment: its groups with their counts, others, and what needs what."""

    groups: list[WorkflowNode]
    others: tuple[WorkflowNode, ...]
    edges: tuple[WorkflowEdge, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shape:
    counts: StateCounts
    edges: tuple[WorkflowEdge, ...]
    others: tuple[WorkflowNode, ...]

    def seen(self, connection: Connection) -> Seen | None:
        groups = self.counts.groups(connection)
        if groups is None:
            return None
        return Seen(groups=groups, others=self.others, edges=self.edges)


class WorkflowShapes:
    """The shapes of workflows by their job and its user; for any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, JobId], _Shape] = OrderedDict()
        self._changing = threading.Lock()

    def known(self, connection: Connection, user: str, job: JobId) -> Seen | None:
        """Return the workflow of ``job`` as it is now; None where it is to be found, or anew."""
        with self._changing:
            shape = self._known.get((user, job))
            if shape is not None:
                self._known.move_to_end((user, job))
        return None if shape is None else shape.seen(connection)

    def found(self, connection: Connection, user: str, job: JobId) -> Seen:
        """Go through the workflow of ``job``, and return it; it is known then."""
        counts = StateCounts(rows_of(connection, job), newest_event(connection))
        edges, others = links_of(connection, counts.ids)
        shape = _Shape(counts=counts, edges=tuple(edges), others=tuple(others))
        with self._changing:
            self._known[user, job] = shape
            self._known.move_to_end((user, job))
            while len(self._known) > 1 and self._jobs() > _MOST_JOBS:
                self._known.popitem(last=False)
        return Seen(groups=counts.standing(), others=shape.others, edges=shape.edges)

    def _jobs(self) -> int:
        return sum(len(each.counts) for each in self._known.values())
