"""Which jobs a large workflow has, and what needs what in it: the same until somebody submits more.

To go through the graph is most of the work of a view; states change all the time, and it does not.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from park.model.ids import JobId
from park_server.db.tables import jobs
from park_server.page.quotient import connected_ids, links_of
from park_server.page.seen_records import WorkflowEdge, WorkflowNode

__all__ = ["Shape", "WorkflowShapes"]

_MOST = 8
"""Workflows that are kept: of 100,000 jobs each takes 4 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The ids of a workflow's jobs as JSON, its edges, and its nodes that are no jobs here."""

    ids: str
    edges: tuple[WorkflowEdge, ...]
    others: tuple[WorkflowNode, ...]


class WorkflowShapes:
    """The shapes of workflows by their job and its user; for any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[object, Shape]] = OrderedDict()
        self._changing = threading.Lock()

    def of(self, connection: Connection, user: str, job: JobId) -> Shape:
        """Return the shape of the workflow of ``job``, found anew where the user has submitted."""
        key, now = (user, job), _submitted(connection, user)
        with self._changing:
            before = self._known.get(key)
        if before is not None and before[0] == now:
            return before[1]
        ids = connected_ids(connection, job)
        edges, others = links_of(connection, ids)
        shape = Shape(ids=ids, edges=tuple(edges), others=tuple(others))
        with self._changing:
            self._known[key] = now, shape
            self._known.move_to_end(key)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return shape


def _submitted(connection: Connection, user: str) -> object:
    """Return what is another value once ``user`` has submitted, or a job of his was removed."""
    query = select(func.count(), func.max(jobs.c.submitted)).where(jobs.c.user == user)
    return tuple(connection.execute(query).one())
