"""Routes of the picture of a workflow: of any size a few nodes, made once for all who look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import Query
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response

from park.model.conditions import describe
from park.model.conditions_json import condition_from_json
from park.model.ids import JobId
from park.model.states import JobState, NodeKind
from park.model.truth import Truth
from park.wire import GraphNode, GraphRecord, JobLine
from park_server.db.blocks import in_blocks
from park_server.db.tables import jobs, remote_leaves
from park_server.http.auth import user_of
from park_server.http.exact_json import ExactJson
from park_server.http.parts import ServiceParts, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.jobs import job_view
from park_server.jobs.graph import graph
from park_server.page.equal_siblings import folded
from park_server.page.live_routes import AGAIN, shapes_of, shared_value, shared_view
from park_server.page.now import line_of
from park_server.page.remote_pieces import as_told, placed
from park_server.page.seen_records import WorkflowRecord
from park_server.page.shapes.known_shapes import Seen, WorkflowShapes
from park_server.page.shapes.quotient import members_of, size_of

__all__ = ["router"]

router = DeclaredRoutes()

MOST_APART = 400
"""Jobs of a workflow that is told job by job; of a larger one a node is a function."""

_MOST_MEMBERS = 500
_LONGEST = 600
"""Characters of a key."""

_Keys = Annotated[list[Annotated[str, Query(max_length=_LONGEST)]] | None, Query(max_length=50)]


@router.get("/workflow", response_model=WorkflowRecord)
async def show_workflow(request: Request, job: str, unfold: _Keys = None) -> Response:
    """Return the picture of what is connected with a job; the groups ``unfold`` are shown apart."""
    parts, user = parts_of(request), user_of(request)
    id_ = parts.database.read(lambda c: job_view.existing(c, job, user))
    keys, shapes = frozenset(unfold or ()), shapes_of(request)
    # to find a shape takes seconds, and to follow its states no time: each goes at its own pace
    is_large, left_s = await shared_value(
        request,
        ("shape", id_),
        lambda: parts.database.read(lambda c: _is_large(c, shapes, user, id_)),
    )
    if not is_large:
        return await shared_view(
            request, ("workflow", id_, keys), lambda: _small(parts, user, id_, keys)
        )
    answer = await shared_view(
        request,
        ("workflow", id_),
        lambda: _by_function(id_, parts.database.read(lambda c: shapes.seen(c, user, id_))),
    )
    if shapes.is_outdated(user, id_):  # it is found anew for who asks then
        answer.headers[AGAIN] = f"{left_s:.2f}"
    return answer


@router.get("/workflow/members", response_model=list[JobLine])
def list_members(
    request: Request,
    job: str,
    key: Annotated[str, Query(max_length=_LONGEST)],
    status: JobState | None = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_MEMBERS)] = 50,
) -> ExactJson:
    """Return jobs of a node of a large workflow: what failed first, then what goes on."""
    parts, user = parts_of(request), user_of(request)
    explainer = parts.jobs.explainer()

    def read(connection: Connection) -> list[JobLine]:
        found = members_of(connection, job_view.existing(connection, job, user), key, status, limit)
        quiet = {JobState.COMPLETED, JobState.RUNNING}
        return [
            line_of(each, None if each.status in quiet else explainer.line(connection, each))
            for each in found
            if each.user == user
        ]

    return ExactJson(parts.database.read(read))


def _is_large(connection: Connection, shapes: WorkflowShapes, user: str, job: JobId) -> bool:
    """Tell whether the workflow of ``job`` is a large one, whose shape is known then."""
    if shapes.is_current(connection, user, job):
        return True
    if size_of(connection, job, MOST_APART + 1) <= MOST_APART:
        return False
    shapes.find(connection, user, job)
    return True


def _by_function(job: JobId, seen: Seen) -> WorkflowRecord:
    counts = Counter[str]()
    for each in seen.groups:
        counts.update(each.counts)
    return WorkflowRecord(
        job=job,
        jobs=counts.total(),
        by_function=True,
        counts=dict(counts),
        nodes=[*seen.groups, *seen.others],
        edges=list(seen.edges),
    )


def _small(parts: ServiceParts, user: str, job: JobId, keys: frozenset[str]) -> WorkflowRecord:
    explainer = parts.jobs.explainer()
    said = explainer.elsewhere.said

    def read(connection: Connection) -> tuple[GraphRecord, dict[str, str], list[GraphNode]]:
        found = graph(connection, user, [job], explainer.line)
        ids = [node.id for node in found.nodes]
        return found, _conditions(connection, ids), _told(connection, found.nodes, said)

    found, conditions, told = parts.database.read(read)
    progress = parts.jobs.progress({JobId(node.id): node.status for node in told})
    nodes = [replace(node, progress=progress.get(JobId(node.id))) for node in told]
    shown, edges = folded(nodes, found.edges, unfolded=keys, conditions=conditions)
    counts = Counter(node.status for node in nodes if node.entry_point is not None)
    return WorkflowRecord(
        job=job,
        jobs=counts.total(),
        by_function=False,
        counts=dict(counts),
        nodes=shown,
        edges=edges,
    )


def _conditions(connection: Connection, ids: list[str]) -> dict[str, str]:
    """Return the conditions that are more than a conjunction of what is needed, in words."""
    found: dict[str, str] = {}
    for block in in_blocks(ids):
        query = select(jobs.c.id, jobs.c.condition).where(
            jobs.c.id.in_(block), jobs.c.condition.is_not(None), jobs.c.pending.is_(None)
        )
        for id_, condition in connection.execute(query):
            found[id_] = describe(condition_from_json(condition))
    return found


def _told(
    connection: Connection,
    nodes: Sequence[GraphNode],
    said: Callable[[JobId], Mapping[int, str]],
) -> list[GraphNode]:
    """Return the nodes, those on other services with what these have said of them."""
    remote = {node.id: node for node in nodes if node.kind is NodeKind.REMOTE}
    found = {id_: placed(node) for id_, node in remote.items()}
    for block in in_blocks([node.id for node in nodes] if remote else []):
        query = select(remote_leaves).where(remote_leaves.c.job.in_(block))
        for row in connection.execute(query):
            there = row.leaf.get("job")
            if there in found:
                truth = Truth(row.truth)
                is_open = truth is Truth.NOT_YET
                why = said(row.job).get(row.position, "") if is_open else row.why
                found[there] = as_told(found[there], row.leaf, truth, why)
    return [found.get(node.id, node) for node in nodes]
