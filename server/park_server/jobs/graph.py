"""Workflows as graphs: what is connected through what needs what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from park.errors import UnknownItem
from park.model.conditions import brief
from park.model.states import JobState, NodeKind
from park.wire import FETCH, GraphEdge, GraphNode, GraphRecord
from park_server.db.tables import fetches, installs, jobs, needs
from park_server.jobs import job_rows
from park_server.jobs.conditions.need_rows import in_blocks, install_facts
from park_server.jobs.conditions.needs import COMPARED

__all__ = ["graph"]

MOST_NODES = 3_000
"""Of one answer: some 600 kB of JSON, and far more than anybody looks at."""

_IDS: Any = bindparam("ids", expanding=True)
_NEEDED = select(needs).where(needs.c.job.in_(_IDS))
_NEEDING = select(needs.c.job).where(needs.c.needed.in_(_IDS), needs.c.service == "").distinct()
_JOBS = select(jobs).where(jobs.c.id.in_(_IDS))
_INSTALLS = select(installs).where(installs.c.id.in_(_IDS))
_FETCHES = select(fetches.c.job, fetches.c.document).where(fetches.c.job.in_(_IDS))

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
    line: Callable[[Connection, Row[Any]], str],
) -> GraphRecord:
    """Return what is connected with the jobs ``names``, none: with the user's newest.

    A name may be that of an install, which stands for itself alone. ``line`` says why a job
    is in its state. Raises `UnknownItem`.
    """
    start = list(names) or _newest(connection, user)
    named = install_facts(connection, start, user).keys()
    start = [job for job in start if job not in named]
    for job in start:
        job_rows.get(connection, job, user)
    found = _connected(connection, start)
    rows = {row.id: row for row in sorted(_rows(connection, _JOBS, found.jobs), key=_age)}
    needed_here = {needed for _, needed, service, _ in found.edges if not service}
    others = (needed_here | named) - rows.keys()
    ready = {row.id: row for row in _rows(connection, _INSTALLS, others)}
    urls = {row.job: row.document["url"] for row in _rows(connection, _FETCHES, _fetches(rows))}
    nodes = [_job_node(row, urls.get(row.id), line(connection, row)) for row in rows.values()]
    nodes.extend(_install_node(row) for row in ready.values())
    nodes.extend(_remote_nodes(found))
    known = {node.id for node in nodes}
    edges = [
        GraphEdge(job=job, needed=needed, how=_HOW.get(how, how))
        for job, needed, _, how in sorted(found.edges)
        if needed in known
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
        level = {row.id: None for row in _rows(connection, _JOBS, new)} if found.complete else {}
    return found


def _rows(connection: Connection, statement: Any, names: Iterable[str]) -> list[Any]:
    return [
        row
        for block in in_blocks(names)
        for row in connection.execute(statement, {"ids": list(block)})
    ]


def _age(row: Any) -> tuple[str, str]:
    return row.submitted, row.id


def _fetches(rows: dict[str, Any]) -> list[str]:
    return [job for job, row in rows.items() if row.kind == "fetch"]


def _job_node(row: Any, url: Any, why: str) -> GraphNode:
    label = row.entry_point
    if row.entry_point == FETCH:
        label = url if isinstance(url, str) else "fetch what a job left"
    quiet = row.status in {JobState.COMPLETED, JobState.RUNNING}
    return GraphNode(
        id=row.id,
        kind=NodeKind(row.kind),
        label=label,
        status=row.status,
        why=None if quiet else why,
        submitted=row.submitted,
        started=row.started,
        finished=row.finished,
    )


def _install_node(row: Any) -> GraphNode:
    return GraphNode(
        id=row.id,
        kind=NodeKind.INSTALL,
        label=f"{row.project}=={row.version}",
        status=row.state,
        why=(row.error or {}).get("detail"),
        submitted=row.created,
    )


def _remote_nodes(found: _Found) -> list[GraphNode]:
    remote = dict.fromkeys((needed, service) for _, needed, service, _ in found.edges if service)
    return [
        GraphNode(id=job, kind=NodeKind.REMOTE, label=brief(job), status="remote", service=service)
        for job, service in sorted(remote)
    ]
