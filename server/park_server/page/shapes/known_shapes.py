"""Which jobs a large workflow has, and what needs what in it: found once, and then followed.

To go through the graph is most of the work of a view; what changes are states, and what is
submitted to it, which is found by its own needs.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from park.model.ids import JobId
from park_server.page.seen_records import WorkflowEdge, WorkflowNode
from park_server.page.shapes.quotient import groups_of, links_of
from park_server.page.shapes.state_counts import StateCounts, newest_event

__all__ = ["Seen", "WorkflowShapes"]

_MOST_JOBS = 500_000
"""Jobs of all workflows that are kept: some 60 MB. The newest is kept whatever its size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A workflow at this moment: its groups with their counts, others, and what needs what."""

    groups: list[WorkflowNode]
    others: tuple[WorkflowNode, ...]
    edges: tuple[WorkflowEdge, ...]


class _Shape:
    """The jobs of a workflow, whose states are followed, and what needs what."""

    def __init__(self, connection: Connection, job: JobId) -> None:
        self.counts = StateCounts(groups_of(connection, job), newest_event(connection))
        self._edges: dict[WorkflowEdge, None] = {}
        self._others: dict[str, WorkflowNode] = {}
        self._looking = threading.Lock()
        self._link(connection, self.counts.ids)

    def follow(self, connection: Connection) -> None:
        """Take in what happened, and what jobs that have come need."""
        with self._looking:  # who follows has to see, in the same state, what these need
            come = self.counts.follow(connection)
            if come:
                self._link(connection, come)

    def seen(self) -> Seen:
        """Return the workflow as of the last look."""
        with self._looking:
            return Seen(
                groups=self.counts.groups(),
                others=tuple(self._others.values()),
                edges=tuple(self._edges),
            )

    def _link(self, connection: Connection, ids: Collection[str]) -> None:
        edges, others = links_of(connection, ids)
        self._edges.update(dict.fromkeys(edges))
        self._others.update({each.key: each for each in others})


class WorkflowShapes:
    """The shapes of workflows by their user and one of their jobs; for any thread.

    What was found of one job of a workflow is known of all of them.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, JobId], _Shape] = OrderedDict()
        self._changing = threading.Lock()
        self._finding = threading.Lock()

    def is_outdated(self, user: str, job: JobId) -> bool:
        """Tell whether the workflow of ``job`` has to be gone through again."""
        shape = self._kept(user, job)
        return shape is not None and shape.counts.is_outdated

    def is_current(self, connection: Connection, user: str, job: JobId) -> bool:
        """Tell whether the shape of the workflow of ``job`` is known, and still its shape."""
        shape = self._kept(user, job)
        if shape is None:
            return False
        shape.follow(connection)
        return not shape.counts.is_outdated

    def seen(self, connection: Connection, user: str, job: JobId) -> Seen:
        """Return the workflow of ``job`` as it is now, by the shape that was found last."""
        shape = self._kept(user, job) or self.find(connection, user, job)
        shape.follow(connection)
        return shape.seen()

    def find(self, connection: Connection, user: str, job: JobId) -> _Shape:
        """Go through the workflow of ``job``, unless another has just done; its shape is known."""
        with self._finding:  # two at once would do the same work, and each wait for the other
            kept = self._kept(user, job)
            if kept is not None and self.is_current(connection, user, job):
                return kept
            return self._found(connection, user, job)

    def _found(self, connection: Connection, user: str, job: JobId) -> _Shape:
        shape = _Shape(connection, job)
        with self._changing:
            for name in self._names(user, job):
                del self._known[name]
            self._known[user, job] = shape
            while len(self._known) > 1 and self._jobs() > _MOST_JOBS:
                self._known.popitem(last=False)
        return shape

    def _kept(self, user: str, job: JobId) -> _Shape | None:
        with self._changing:
            for name in self._names(user, job):
                self._known.move_to_end(name)
                return self._known[name]
            return None

    def _names(self, user: str, job: JobId) -> list[tuple[str, JobId]]:
        """Return by which names the workflow of ``job`` is kept, the newest first."""
        return [
            name
            for name, shape in reversed(self._known.items())
            if name[0] == user and job in shape.counts
        ]

    def _jobs(self) -> int:
        return sum(len(each.counts) for each in self._known.values())
