"""Which jobs a large workflow has, and what needs what in it: found once, and then followed.

To go through the graph is most of the work of a view; what changes are states, and what is
submitted to it, which is found by its own needs. What took long to find outlives the process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from park.model.ids import JobId
from park_server.page.seen_records import WorkflowEdge, WorkflowNode
from park_server.page.shapes.kept_shapes import KeptShape, KeptShapes
from park_server.page.shapes.quotient import JobGroup, groups_of, links_of, size_of
from park_server.page.shapes.state_counts import StateCounts, newest_event

__all__ = ["Seen", "WorkflowShapes"]

LARGE = 20_000
"""Jobs of a workflow that is found ahead and kept in a file: fewer take a quarter of a second."""

BEHIND = 10_000
"""Events, and jobs that came, which whoever looks next takes in: that is no wait."""

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

    def __init__(self, counts: StateCounts) -> None:
        self.counts = counts
        self._edges: dict[WorkflowEdge, None] = {}
        self._others: dict[str, WorkflowNode] = {}
        self._looking = threading.Lock()
        self._kept_as_of = 0
        self._kept_jobs = 0

    @classmethod
    def found(cls, connection: Connection, job: JobId) -> _Shape:
        """Return the shape of the workflow of ``job``, which is gone through."""
        shape = cls(StateCounts(groups_of(connection, job), newest_event(connection)))
        shape._link(*links_of(connection, shape.counts.ids))
        return shape

    @classmethod
    def again(cls, kept: KeptShape) -> _Shape:
        """Return the shape that was kept, as of its event."""
        shape = cls(StateCounts(kept.groups, kept.newest))
        shape._link(kept.edges, kept.others)
        shape._note_kept()
        return shape

    def is_behind(self, newest: int) -> bool:
        """Tell whether much happened since it was followed, or much to it since it was kept.

        States are followed in a fifth of the time that jobs take which come.
        """
        jobs = len(self.counts)
        return (
            newest - self.counts.newest >= BEHIND
            or jobs - self._kept_jobs >= BEHIND
            or newest - self._kept_as_of >= max(BEHIND, jobs // 2)
        )

    @property
    def is_kept(self) -> bool:
        """Whether what is kept of it is all that is known."""
        return self._kept_as_of == self.counts.newest

    def follow(self, connection: Connection) -> None:
        """Take in what happened, and what jobs that have come need."""
        with self._looking:  # who follows has to see, in the same state, what these need
            come = self.counts.follow(connection)
            if come:
                self._link(*links_of(connection, come))

    def seen(self) -> Seen:
        """Return the workflow as of the last look."""
        with self._looking:
            return Seen(
                groups=self.counts.groups(),
                others=tuple(self._others.values()),
                edges=tuple(self._edges),
            )

    def to_keep(self, user: str, job: JobId) -> KeptShape:
        """Return what `again` takes, as of the last look."""
        with self._looking:
            self._note_kept()
            return KeptShape(
                user=user,
                job=job,
                newest=self.counts.newest,
                groups=[JobGroup(*place) for place in self.counts.places()],
                others=tuple(self._others.values()),
                edges=tuple(self._edges),
            )

    def _note_kept(self) -> None:
        self._kept_as_of, self._kept_jobs = self.counts.newest, len(self.counts)

    def _link(self, edges: Iterable[WorkflowEdge], others: Iterable[WorkflowNode]) -> None:
        self._edges.update(dict.fromkeys(edges))
        self._others.update({each.key: each for each in others})


class WorkflowShapes:
    """The shapes of workflows by their user and one of their jobs; for any thread.

    What was found of one job of a workflow is known of all of them. Where ``kept`` is given, those
    of large ones are in files as well, and are read from there at the first look.
    """

    def __init__(self, kept: KeptShapes | None = None) -> None:
        self._files = kept
        self._known: OrderedDict[tuple[str, JobId], _Shape] = OrderedDict()
        self._changing = threading.Lock()
        self._finding = threading.Lock()
        self._reading = threading.Lock()
        self._is_read = kept is None

    def is_outdated(self, user: str, job: JobId) -> bool:
        """Tell whether the workflow of ``job`` has to be gone through again."""
        shape = self._kept(user, job)
        return shape is not None and shape.counts.is_outdated

    def is_current(self, connection: Connection, user: str, job: JobId) -> bool:
        """Tell whether the shape of the workflow of ``job`` is known, and still its shape."""
        self._read(connection)
        shape = self._kept(user, job)
        if shape is None:
            return False
        shape.follow(connection)
        return not shape.counts.is_outdated

    def seen(self, connection: Connection, user: str, job: JobId) -> Seen:
        """Return the workflow of ``job`` as it is now, by the shape that was found last."""
        self._read(connection)
        shape = self._kept(user, job) or self.find(connection, user, job)
        shape.follow(connection)
        return shape.seen()

    def find(self, connection: Connection, user: str, job: JobId) -> _Shape:
        """Go through the workflow of ``job``, unless another has just done; its shape is known."""
        with self._finding:  # two at once would do the same work, and each wait for the other
            if self.is_current(connection, user, job):
                kept = self._kept(user, job)
                if kept is not None:
                    return kept
            return self._found(connection, user, job)

    def behind(self, newest: int) -> list[tuple[str, JobId]]:
        """Return which large ones are to be followed to the event ``newest``, or kept anew."""
        with self._changing:
            return [name for name, shape in self._large() if shape.is_behind(newest)]

    def keep_all(self, connection: Connection) -> None:
        """Keep all large ones as they are known now."""
        with self._changing:
            changed = [(name, shape) for name, shape in self._large() if not shape.is_kept]
        for name, shape in changed:
            self._keep(connection, shape, *name)

    def _large(self) -> list[tuple[tuple[str, JobId], _Shape]]:
        return [(name, each) for name, each in self._known.items() if len(each.counts) >= LARGE]

    def catch_up(self, connection: Connection, user: str, job: JobId) -> None:
        """Follow the large workflow of ``job``, or go through it anew; it is kept as it is now."""
        if self.is_current(connection, user, job):
            shape = self._kept(user, job)
            if shape is not None:
                self._keep(connection, shape, user, job)
        elif size_of(connection, job, LARGE) == LARGE:
            self.find(connection, user, job)
        else:
            with self._changing:
                self._forget(user, job)

    def _found(self, connection: Connection, user: str, job: JobId) -> _Shape:
        shape = _Shape.found(connection, job)
        with self._changing:
            parts = [name for name in self._known if name[0] == user and name[1] in shape.counts]
            for name in {*self._names(user, job), *parts}:  # which have become this one
                self._forget(*name)
            self._known[user, job] = shape
            self._let_go()
        self._keep(connection, shape, user, job)
        return shape

    def _read(self, connection: Connection) -> None:
        """Know again what an earlier process has kept."""
        with self._reading:
            if self._is_read or self._files is None:
                return
            again = {
                (kept.user, kept.job): _Shape.again(kept) for kept in self._files.read(connection)
            }
            with self._changing:
                self._known = OrderedDict(again | self._known)
                self._let_go()
            self._is_read = True

    def _keep(self, connection: Connection, shape: _Shape, user: str, job: JobId) -> None:
        if self._files is not None and len(shape.counts) >= LARGE:
            self._files.write(connection, shape.to_keep(user, job))

    def _let_go(self) -> None:
        while len(self._known) > 1 and self._jobs() > _MOST_JOBS:
            self._forget(*next(iter(self._known)))

    def _forget(self, user: str, job: JobId) -> None:
        self._known.pop((user, job), None)
        if self._files is not None:
            self._files.drop(user, job)

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
