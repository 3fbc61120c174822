"""Which jobs a large workflow has, and what needs what in it: the same until somebody submits more.

To go through the graph is most of the work of a view; states change all the time, and it does not.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import Connection

from park.model.ids import JobId
from park_server.page.quotient import groups_of, links_of
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
    """The jobs of a workflow, whose states are followed, and what needs what."""

    counts: StateCounts
    edges: tuple[WorkflowEdge, ...]
    others: tuple[WorkflowNode, ...]


class WorkflowShapes:
    """The shapes of workflows by their job and its user; for any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, JobId], _Shape] = OrderedDict()
        self._changing = threading.Lock()

    def is_outdated(self, user: str, job: JobId) -> bool:
        """Tell whether the workflow of ``job`` was of other jobs when it was last seen."""
        shape = self._kept(user, job)
        return shape is not None and shape.counts.is_outdated

    def is_current(self, connection: Connection, user: str, job: JobId) -> bool:
        """Tell whether the shape of the workflow of ``job`` is known, and still its shape."""
        shape = self._kept(user, job)
        if shape is None:
            return False
        shape.counts.groups(connection)
        return not shape.counts.is_outdated

    def seen(self, connection: Connection, user: str, job: JobId) -> Seen:
        """Return the workflow of ``job`` as it is now, by the shape that was found last."""
        shape = self._kept(user, job) or self.find(connection, user, job)
        groups = shape.counts.groups(connection)
        return Seen(groups=groups, others=shape.others, edges=shape.edges)

    def find(self, connection: Connection, user: str, job: JobId) -> _Shape:
        """Go through the workflow of ``job``; its shape is known then."""
        counts = StateCounts(groups_of(connection, job), newest_event(connection))
        edges, others = links_of(connection, counts.ids)
        shape = _Shape(counts=counts, edges=tuple(edges), others=tuple(others))
        with self._changing:
            self._known[user, job] = shape
            self._known.move_to_end((user, job))
            while len(self._known) > 1 and self._jobs() > _MOST_JOBS:
                self._known.popitem(last=False)
        return shape

    def _kept(self, user: str, job: JobId) -> _Shape | None:
        with self._changing:
            shape = self._known.get((user, job))
            if shape is not None:
                self._known.move_to_end((user, job))
            return shape

    def _jobs(self) -> int:
        return sum(len(each.counts) for each in self._known.values())
