"""Routes that show workflows: the graph, why a job is where it is, and pools."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from park.model.ids import JobId
from park.wire import GraphRecord, PoolRecord, QueueRecord, WhyRecord
from park_server.http.auth import user_of
from park_server.http.exact_json import ExactJson
from park_server.http.parts import parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.jobs import job_view
from park_server.jobs.graph import graph

__all__ = ["router"]

router = DeclaredRoutes()

# Both read whole conditions: in a thread, so that no job has to wait for somebody's picture.


@router.get("/graph", response_model=GraphRecord)
def show_graph(
    request: Request, job: Annotated[list[str] | None, Query(max_length=100)] = None
) -> ExactJson:
    """Return what is connected with some jobs, or with the user's newest."""
    parts, user = parts_of(request), user_of(request)
    explainer = parts.jobs.explainer()
    found = parts.database.read(
        lambda c: graph(
            c,
            user,
            [job_view.full_id(c, each, user, installs_too=True) for each in job or ()],
            explainer.line,
        )
    )
    progress = parts.jobs.progress({JobId(node.id): node.status for node in found.nodes})
    nodes = [replace(node, progress=progress.get(JobId(node.id))) for node in found.nodes]
    return ExactJson(replace(found, nodes=nodes))


@router.get("/jobs/{job}/why", response_model=WhyRecord)
def explain_job(request: Request, job: str) -> ExactJson:
    """Return why a job, or an install, is in its state, with the chain of causes."""
    parts, user = parts_of(request), user_of(request)
    explainer = parts.jobs.explainer()
    why = parts.database.read(
        lambda c: explainer.why(c, job_view.full_id(c, job, user, installs_too=True), user)
    )
    return ExactJson(why)


@router.get("/pools")
async def list_pools(request: Request) -> list[PoolRecord]:
    """Return the named pools of the service, and what is taken of them."""
    return parts_of(request).jobs.pools()


@router.get("/queues")
async def list_queues(request: Request) -> list[QueueRecord]:
    """Return the engines of the service, with their partitions and load."""
    return parts_of(request).jobs.queues()
