"""Workflows as graphs: what is connected through what needs what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, select

from park.errors import UnknownItem
from park.model.conditions import brief
from park.model.ids import JobId
from park.model.states import JobState, NodeKind
from park.wire import GraphEdge, GraphNode, GraphRecord
from park_server.db.blocks import in_blocks
from park_server.db.tables import installs, jobs, needs
from park_server.jobs import job_rows
from park_server.jobs.conditions.need_rows import install_facts
from park_server.jobs.conditions.needs import COMPARED
from park_server.jobs.stored_job import STORED, StoredJob

__all__ = ["graph"]

MOST_NODES = 3_000
"""Of one answer: some 600 kB of JSON, and far more than anybody looks at."""

_IDS: Any = bindparam("ids", expanding=True)
_NEEDED = select(needs).where(needs.c.job.in_(_IDS))
_NEEDING = select(needs.c.job).where(needs.c.needed.in_(_IDS), needs.c.service == "").distinct()
_HERE = select(jobs.c.id).where(jobs.c.id.in_(_IDS))
_JOBS = select(*STORED).where(jobs.c.id.in_(_IDS))
_INSTALLS = select(installs).where(installs.c.id.in_(_IDS))

_HOW = {COMPARED: "value"}


@dataclass(kw_only=True, slots=True)
class _Found:
    """What is connected so far; ``complete`` is False once there was more than may be."""

    jobs: dict[str, None] = field(default_factory=dict)
    edges: dict[tuple[str, str, str, str], None] = field(default_factory=dict)
    complete: bool = True


def graph(
    connection: Connection,
    user: str,
    names: Iterable[str],
    line: Callable[[Connection, StoredJob], str],
) -> GraphRecord:
    """Return what is connected with the jobs ``names``, none: with the user's newest.

    A name may be that of an install, which stands for itself alone. ``line`` says why a job
    is in its state. Raises `UnknownItem`.
    """
    start = list(names) or _newest(connection, user)
    named = install_facts(connection, start, user).keys()
    start = [job for job in start if job not in named]
    for job in start:
        job_rows.get(connection, JobId(job), user)
    found = _connected(connection, start)
    known = [StoredJob.of(row) for row in _rows(connection, _JOBS, found.jobs)]
    known.sort(key=attrgetter("submitted", "id"))
    needed_here = {needed for _, needed, service, _ in found.edges if not service}
    others = (needed_here | named) - {job.id for job in known}
    nodes = [_job_node(job, line(connection, job)) for job in known]
    nodes.extend(_install_nodes(connection, others))
    nodes.extend(_remote_nodes(found))
    shown = {node.id for node in nodes}
    edges = [
        GraphEdge(job=job, needed=needed, how=_HOW.get(how, how))
        for job, needed, _, how in sorted(found.edges)
        if needed in shown
    ]
    return GraphRecord(nodes=nodes, edges=edges, complete=found.complete)


def _newest(connection: Connection, user: str) -> list[str]:
    query = select(jobs.c.id).where(jobs.c.user == user).order_by(jobs.c.submitted.desc())
    newest = connection.execute(query.limit(1)).scalar_one_or_none()
    if newest is None:
        raise UnknownItem("you have no jobs on this service", hint="`park submit` makes one")
    return [newest]


def _connected(connection: Connection, start: Iterable[str]) -> _Found:
    """Go from job to job, both ways, level by level.

    Never through an install: all jobs of an environment would be one workflow then.
    """
    found = _Found()
    level = dict.fromkeys(start)
    while level:
        room = MOST_NODES - len(found.jobs)
        if len(level) > room:
            level, found.complete = dict.fromkeys(list(level)[:room]), False
        found.jobs.update(level)
        following: dict[str, None] = {}
        for row in _rows(connection, _NEEDED, level):
            found.edges[row.job, row.needed, row.service, row.how] = None
            if not row.service:
                following[row.needed] = None
        following.update(dict.fromkeys(row.job for row in _rows(connection, _NEEDING, level)))
        new = [job for job in following if job not in found.jobs]
        level = {row.id: None for row in _rows(connection, _HERE, new)} if found.complete else {}
    return found


def _rows(connection: Connection, statement: Any, names: Iterable[str]) -> list[Any]:
    return [
        row
        for block in in_blocks(names)
        for row in connection.execute(statement, {"ids": list(block)})
    ]


def _job_node(job: StoredJob, why: str) -> GraphNode:
    quiet = job.status in {JobState.COMPLETED, JobState.RUNNING}
    return GraphNode(
        id=job.id,
        kind=NodeKind(job.kind),
        label=job.label,
        entry_point=job.entry_point,
        status=job.status,
        why=None if quiet else why,
        submitted=job.submitted,
        started=job.started,
        finished=job.finished,
    )


def _install_nodes(connection: Connection, names: Iterable[str]) -> list[GraphNode]:
    return [
        GraphNode(
            id=row.id,
            kind=NodeKind.INSTALL,
            label=f"{row.project}=={row.version}",
            status=row.state,
            why=(row.error or {}).get("detail"),
            submitted=row.created,
        )
        for row in _rows(connection, _INSTALLS, names)
    ]


def _remote_nodes(found: _Found) -> list[GraphNode]:
    remote = dict.fromkeys((needed, service) for _, needed, service, _ in found.edges if service)
    return [
        GraphNode(id=job, kind=NodeKind.REMOTE, label=brief(job), status="remote", service=service)
        for job, service in sorted(remote)
    ]
