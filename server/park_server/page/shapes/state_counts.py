"""How many jobs of a workflow are in which state, by function: counted once, and then followed.

To count a hundred thousand jobs takes a good part of a second. The event log says which have
changed since somebody looked, and of a workflow that is watched there are few.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet

from sqlalchemy import Connection, bindparam, func, or_, select

from park.model.states import JobKind, JobState, NodeKind
from park_server.db.blocks import in_blocks
from park_server.db.prepared import Prepared
from park_server.db.tables import events, jobs, needs
from park_server.page.seen_records import WorkflowNode

__all__ = ["StateCounts", "key_of", "newest_event"]

_FEWEST = 10_000
"""Changes that are always followed; of more than there are jobs it is cheaper to count anew."""

_Place = tuple[JobKind, str, JobState]
"""A kind, an entry point and a state."""

_LAST = Prepared(select(func.max(events.c.seq)))
_CHANGED = Prepared(
    select(events.c.id, jobs.c.status)
    .outerjoin(jobs, jobs.c.id == events.c.id)
    .where(
        events.c.seq > bindparam("after"),
        events.c.seq <= bindparam("newest"),
        events.c.subject == "job",
    )
    .limit(bindparam("most"))
)


def key_of(kind: JobKind, entry_point: str) -> str:
    """Return the key of the node of all calls of one function."""
    return f"{kind} {entry_point}"


def newest_event(connection: Connection) -> int:
    """Return the sequence number of the newest event, 0 where there is none."""
    row = _LAST.first(connection)
    return 0 if row is None or row[0] is None else int(row[0])


class StateCounts:
    """Counts ``groups`` (kind, entry point, state, and which jobs) as of the event ``newest``.

    For any thread. Jobs that come to them are taken in. ``is_outdated`` once some are gone, or two
    workflows have become one, or so much has happened that it was not followed.
    """

    def __init__(
        self, groups: Iterable[tuple[JobKind, str, JobState, Sequence[str]]], newest: int
    ) -> None:
        self.is_outdated = False
        self._newest = newest
        self._changing = threading.Lock()
        self._place_of: dict[str, _Place] = {}
        self._first: dict[tuple[JobKind, str], str] = {}
        self._known: dict[_Place, _Place] = {}
        """Each place once, for all jobs that are there."""
        self._counts = Counter[_Place]()
        for kind, entry_point, status, ids in groups:
            place = (kind, entry_point, status)
            self._known[place] = place
            for block in in_blocks(ids):  # other threads run between them
                self._place_of.update(dict.fromkeys(block, place))
            self._counts[place] += len(ids)
            first = min(ids)
            self._first[place[:2]] = min(first, self._first.get(place[:2], first))

    def __len__(self) -> int:
        return len(self._place_of)

    def __contains__(self, job: object) -> bool:
        return job in self._place_of

    @property
    def ids(self) -> Collection[str]:
        """The jobs."""
        return self._place_of.keys()

    @property
    def newest(self) -> int:
        """The event up to which it was followed."""
        return self._newest

    def places(self) -> list[tuple[JobKind, str, JobState, list[str]]]:
        """Return which jobs are where: what it would begin with now."""
        with self._changing:
            jobs_at: dict[_Place, list[str]] = {}
            for id_, place in self._place_of.items():
                jobs_at.setdefault(place, []).append(id_)
        return [(*place, ids) for place, ids in jobs_at.items()]

    def follow(self, connection: Connection) -> Collection[str]:
        """Take in what happened since the last look; return the jobs that have come."""
        with self._changing:
            return self._follow(connection)

    def groups(self) -> list[WorkflowNode]:
        """Return a node for each function with its states, the first submitted first."""
        with self._changing:
            return self._groups()

    def _groups(self) -> list[WorkflowNode]:
        counts: dict[tuple[JobKind, str], dict[str, int]] = {each: {} for each in self._first}
        for (kind, entry_point, status), count in self._counts.items():
            if count:
                counts[kind, entry_point][status] = count
        return [
            WorkflowNode(
                key=key_of(kind, entry_point),
                kind=NodeKind(kind),
                label=entry_point,
                entry_point=entry_point,
                job=first,
                counts=counts[kind, entry_point],
            )
            for (kind, entry_point), first in sorted(self._first.items(), key=lambda it: it[1])
        ]

    def _follow(self, connection: Connection) -> Collection[str]:
        newest = newest_event(connection)
        if newest <= self._newest:
            return ()
        most = max(_FEWEST, len(self))
        changes = {"after": self._newest, "newest": newest, "most": most}
        rows = _CHANGED.all(connection, changes)
        self._newest = newest
        if len(rows) == most:
            self.is_outdated = True
        others = {id_ for id_, status in rows if id_ not in self and status is not None}
        come = () if self.is_outdated else self._take_in(connection, others)
        for id_, status in rows:
            if id_ in self._place_of:
                self._enter(id_, status)
        return come

    def _take_in(self, connection: Connection, others: Collection[str]) -> Collection[str]:
        """Take in those of ``others`` that belong to these; return them."""
        come, beyond = joined(connection, self._place_of.keys(), others)
        self.is_outdated |= _has_jobs(connection, beyond)
        for block in in_blocks(come):
            query = select(jobs.c.id, jobs.c.kind, jobs.c.entry_point, jobs.c.status)
            for id_, *facts in connection.execute(query.where(jobs.c.id.in_(block))).all():
                self._add(id_, (JobKind(facts[0]), facts[1], JobState(facts[2])))
        return come

    def _add(self, job: str, place: _Place) -> None:
        place = self._known.setdefault(place, place)
        self._place_of[job] = place
        self._counts[place] += 1
        self._first[place[:2]] = min(job, self._first.get(place[:2], job))

    def _enter(self, job: str, status: str | None) -> None:
        if status is None:  # it was removed
            self.is_outdated = True
        else:
            self._move(job, JobState(status))

    def _move(self, job: str, status: JobState) -> None:
        before = self._place_of[job]
        if status != before[2]:
            after = (before[0], before[1], status)
            self._place_of[job] = self._known.setdefault(after, after)
            self._counts[before] -= 1
            self._counts[after] += 1


def joined(
    connection: Connection, known: AbstractSet[str], others: Collection[str]
) -> tuple[Collection[str], Collection[str]]:
    """Return which of the jobs ``others`` belong to those that are ``known``, by what needs what.

    And what they need besides: installs, what was removed, or jobs of another workflow.
    """
    beside = defaultdict[str, set[str]](set)
    for block in in_blocks(others):
        query = select(needs.c.job, needs.c.needed).where(
            or_(needs.c.job.in_(block), needs.c.needed.in_(block)), needs.c.service == ""
        )
        for job, needed in connection.execute(query).all():
            beside[job].add(needed)
            beside[needed].add(job)
    come: dict[str, None] = {}
    beyond: set[str] = set()
    new = [id_ for id_ in others if not known.isdisjoint(beside.get(id_, ()))]
    while new:
        job = new.pop()
        if job in known or job in come:
            continue
        if job in others:
            come[job] = None
            new += beside.get(job, ())
        else:
            beyond.add(job)
    return come, beyond


def _has_jobs(connection: Connection, ids: Collection[str]) -> bool:
    """Tell whether one of ``ids`` is a job: installs are nobody's way to another workflow."""
    return any(
        connection.execute(select(jobs.c.id).where(jobs.c.id.in_(block)).limit(1)).first()
        for block in in_blocks(ids)
    )
