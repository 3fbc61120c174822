"""A workflow of any size as a small graph: jobs of one function in one node, counted in SQL.

The database goes through what is connected, and groups it; Python sees a row for each function and
state, however many jobs there are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    JSON,
    Connection,
    String,
    Subquery,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
)

from park.model.ids import JobId
from park.model.states import JobKind, JobState, NodeKind
from park_server.db.tables import installs, jobs, needs
from park_server.jobs.conditions.needs import COMPARED
from park_server.jobs.stored_job import STORED, StoredJob
from park_server.page.seen_records import WorkflowEdge, WorkflowNode
from park_server.page.shapes.state_counts import key_of

__all__ = ["JobGroup", "groups_of", "links_of", "members_of", "size_of"]

_MOST_LINKS = 2_000
_BETWEEN = ","
"""Between ids, in which there is none."""
_HERE = needs.c.service == ""
_FIRST = {"failed": 0, "running": 1, "queued": 2, "waiting": 3}
_A, _B = jobs.alias(), jobs.alias()


def size_of(connection: Connection, job: JobId, most: int) -> int:
    """Return how many jobs are connected with ``job``; ``most`` where it is as many or more."""
    part = _connected(connection, job)
    some = select(part.c.id).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


class JobGroup(NamedTuple):
    """Jobs of one function in one state."""

    kind: JobKind
    entry_point: str
    status: JobState
    ids: list[str]


def groups_of(connection: Connection, job: JobId) -> Iterator[JobGroup]:
    """Yield all that is connected with ``job``, by function and state.

    The ids come as one text of each group: a hundred thousand rows cost Python more than they
    cost the database.
    """
    part = _connected(connection, job)
    by = (jobs.c.kind, jobs.c.entry_point, jobs.c.status)
    query = (
        select(*by, func.aggregate_strings(jobs.c.id, _BETWEEN))
        .select_from(part)
        .join(jobs, jobs.c.id == part.c.id)
        .group_by(*by)
    )
    for kind, entry_point, status, ids in connection.execute(query):
        yield JobGroup(JobKind(kind), entry_point, JobState(status), ids.split(_BETWEEN))


def links_of(
    connection: Connection, ids: Collection[str]
) -> tuple[list[WorkflowEdge], list[WorkflowNode]]:
    """Return who needs whom between the groups of the jobs ``ids``, and nodes that are no jobs.

    Which there are, and not how many of each: to count them, all would have to be sorted.
    """
    part = _listed(connection, json.dumps(list(ids)))
    query = (
        select(
            _A.c.kind, _A.c.entry_point, _B.c.kind, _B.c.entry_point,
            needs.c.service, needs.c.how,
        )
        .distinct()
        .select_from(part)
        .join(needs, needs.c.job == part.c.id)
        .join(_A, _A.c.id == needs.c.job)
        .outerjoin(_B, (_B.c.id == needs.c.needed) & _HERE)
        .limit(_MOST_LINKS)
    )  # fmt: skip
    edges, others = [], dict[str, WorkflowNode | None]()
    for kind, point, needed_kind, needed_point, service, how in connection.execute(query):
        if needed_kind is not None:
            needed = key_of(JobKind(needed_kind), needed_point)
        else:
            if service not in others:
                others[service] = _elsewhere(service) if service else _install(connection, part)
            other = others[service]
            if other is None:  # it needed a job that is removed
                continue
            needed = other.key
        edges.append(
            WorkflowEdge(
                needed=needed,
                by=key_of(JobKind(kind), point),
                how="value" if how == COMPARED else how,
            )
        )
    return edges, [other for other in others.values() if other is not None]


def _elsewhere(service: str) -> WorkflowNode:
    return WorkflowNode(
        key=f"remote {service}",
        kind=NodeKind.REMOTE,
        label=service,
        service=service,
        counts={"remote": 1},
    )


def _install(connection: Connection, part: Subquery) -> WorkflowNode | None:
    """Return an install that one of ``part`` needs, for all of them; None: they need none."""
    query = (
        select(installs.c.project, installs.c.version, installs.c.state)
        .select_from(part)
        .join(needs, needs.c.job == part.c.id)
        .join(installs, installs.c.id == needs.c.needed)
        .where(_HERE)
        .limit(1)
    )
    row = connection.execute(query).first()
    return row and WorkflowNode(
        key="installs",
        kind=NodeKind.INSTALL,
        label=f"{row.project}=={row.version}",
        counts={row.state: 1},
    )


def members_of(
    connection: Connection, job: JobId, key: str, status: JobState | None, limit: int
) -> Sequence[StoredJob]:
    """Return jobs of the node ``key``: what failed first, then what goes on."""
    kind, _, entry_point = key.partition(" ")
    part = _connected(connection, job)
    order = case(_FIRST, value=jobs.c.status, else_=len(_FIRST))
    query = (
        select(*STORED)
        .join(part, part.c.id == jobs.c.id)
        .where(jobs.c.kind == kind, jobs.c.entry_point == entry_point)
        .order_by(order, jobs.c.id)
        .limit(limit)
    )
    if status is not None:
        query = query.where(jobs.c.status == status)
    return [StoredJob.of(row) for row in connection.execute(query)]


def _listed(connection: Connection, ids: str) -> Subquery:
    """Return the list ``ids`` as rows: read by the database, so that Python has none of them."""
    if connection.dialect.name == "sqlite":
        listed = func.json_each(ids)
    else:
        listed = func.json_array_elements_text(cast(literal(ids, String), JSON))
    rows = listed.table_valued(column("value", String))
    return select(rows.c.value.label("id")).subquery()


def _connected(connection: Connection, job: JobId) -> CTE:
    """Return the ids of what is connected with ``job``: never through an install.

    SQLite takes two recursive terms, each of which is a search in an index; others take one.
    """
    # from its row, and not from the word: on PostgreSQL ids have a collation, and words another
    part = select(jobs.c.id).where(jobs.c.id == job).cte("part", recursive=True)
    return part.union(*_steps(part, is_sqlite=connection.dialect.name == "sqlite"))


def _steps(part: CTE, *, is_sqlite: bool) -> Iterator[Any]:
    if not is_sqlite:
        other = case((needs.c.job == part.c.id, needs.c.needed), else_=needs.c.job)
        yield (
            select(jobs.c.id)
            .select_from(part)
            .join(needs, or_(needs.c.job == part.c.id, needs.c.needed == part.c.id))
            .join(jobs, jobs.c.id == other)
            .where(_HERE)
        )
        return
    is_job = exists().where(jobs.c.id == needs.c.needed)
    yield select(needs.c.needed).where(needs.c.job == part.c.id, _HERE, is_job)
    yield select(needs.c.job).where(needs.c.needed == part.c.id, _HERE)
