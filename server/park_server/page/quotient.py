"""A workflow of any size as a small graph: jobs of one function in one node, counted in SQL.

The database goes through what is connected, and groups it; Python sees a row for each function and
state, however many jobs there are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    Connection,
    Row,
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
from park_server.page.state_counts import key_of

__all__ = ["links_of", "members_of", "rows_of", "size_of"]

_MOST_LINKS = 2_000
_HERE = needs.c.service == ""
_FIRST = {"failed": 0, "running": 1, "queued": 2, "waiting": 3}
_A, _B = jobs.alias(), jobs.alias()


def size_of(connection: Connection, job: JobId, most: int) -> int:
    """Return how many jobs are connected with ``job``; ``most`` where it is as many or more."""
    part = _connected(connection, job)
    some = select(part.c.id).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def rows_of(connection: Connection, job: JobId) -> Sequence[Row[str, str, str, str]]:
    """Return id, kind, entry point and state of all that is connected with ``job``."""
    part = _connected(connection, job)
    query = select(jobs.c.id, jobs.c.kind, jobs.c.entry_point, jobs.c.status)
    return connection.execute(query.select_from(part).join(jobs, jobs.c.id == part.c.id)).all()


def links_of(
    connection: Connection, ids: Collection[str]
) -> tuple[list[WorkflowEdge], list[WorkflowNode]]:
    """Return who needs whom between the groups of the jobs ``ids``, and nodes that are no jobs."""
    part = _listed(connection, json.dumps(list(ids)))
    outside = case((_B.c.id.is_(None), needs.c.needed), else_=None)
    query = (
        select(
            _A.c.kind, _A.c.entry_point, _B.c.kind, _B.c.entry_point,
            needs.c.service, needs.c.how, func.count(), func.min(outside),
        )
        .select_from(part)
        .join(needs, needs.c.job == part.c.id)
        .join(_A, _A.c.id == needs.c.job)
        .outerjoin(_B, (_B.c.id == needs.c.needed) & _HERE)
        .group_by(
            _A.c.kind, _A.c.entry_point, _B.c.kind, _B.c.entry_point,
            needs.c.service, needs.c.how,
        )
        .limit(_MOST_LINKS)
    )  # fmt: skip
    edges, others = [], {}
    for (
        kind,
        entry_point,
        needed_kind,
        needed_point,
        service,
        how,
        count,
        one,
    ) in connection.execute(query):
        if needed_kind is None:
            other = _other(connection, service, one)
            others[other.key] = other
            needed = other.key
        else:
            needed = key_of(JobKind(needed_kind), needed_point)
        edges.append(
            WorkflowEdge(
                needed=needed,
                by=key_of(JobKind(kind), entry_point),
                how="value" if how == COMPARED else how,
                count=count,
            )
        )
    return edges, list(others.values())


def _other(connection: Connection, service: str, one: str) -> WorkflowNode:
    if service:
        return WorkflowNode(
            key=f"remote {service}",
            kind=NodeKind.REMOTE,
            label=service,
            service=service,
            counts={"remote": 1},
        )
    row = connection.execute(select(installs).where(installs.c.id == one)).first()
    return WorkflowNode(
        key="installs",
        kind=NodeKind.INSTALL,
        label="its environments" if row is None else f"{row.project}=={row.version}",
        counts={"ready" if row is None else row.state: 1},
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
