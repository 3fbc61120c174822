"""Routes of the operator: what is kept ready, what is kept at all, what waits in memory."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from park.wire import (
    ApprovalRecord,
    ApprovalRequest,
    CleanRecord,
    CleanRequest,
    ForkServerRecord,
    OfferRecord,
    OfferRequest,
    UsageRecord,
)
from park_server.http.auth import actor_of, caller_of, require_role, user_of
from park_server.http.parts import ServiceParts, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.installs import lock_rows
from park_server.trust.rights import Role

__all__ = ["router"]

router = DeclaredRoutes()


@router.get("/offers")
async def list_offers(request: Request) -> list[OfferRecord]:
    """Return the projects that are kept ready for everybody."""
    return parts_of(request).offers.listing()


@router.post("/offers")
async def add_offer(request: Request, body: OfferRequest) -> OfferRecord:
    """Keep a project ready; answers at once, its ``state`` says how far it is."""
    parts, user = _for_operator(request)
    return await parts.offers.add(user, body)


@router.delete("/offers/{project}/{version}")
async def remove_offer(request: Request, project: str, version: str) -> list[OfferRecord]:
    """Keep a project ready no longer; returns what was offered, one for each Python."""
    parts, _ = _for_operator(request)
    return await parts.offers.remove(project, version)


@router.get("/approvals")
async def list_approvals(request: Request) -> list[ApprovalRecord]:
    """Return what users may have here, where the policy says that they have nothing else."""
    return parts_of(request).approvals.listing()


@router.post("/approvals")
async def approve(request: Request, body: ApprovalRequest) -> ApprovalRecord:
    """Let users have a project, a version, a lock that is here, or a requirement set."""
    parts, _ = _for_operator(request)
    if body.lock is not None:
        prefix = body.lock
        whole = parts.database.read(lambda c: lock_rows.hash_like(c, prefix))
        body = replace(body, lock=str(whole))
    return await parts.approvals.approve(body, actor_of(request))


@router.delete("/approvals/{what}", status_code=204)
async def withdraw_approval(request: Request, what: str) -> Response:
    """Let users have it no longer; jobs that run go on to their ends."""
    parts, _ = _for_operator(request)
    await parts.approvals.withdraw(what, actor_of(request))
    return Response(status_code=204)


@router.get("/usage")
async def measure(request: Request) -> UsageRecord:
    """Return what the service takes on the disk, and what each user has; the operator's."""
    parts, _ = _for_operator(request)
    users = [await parts.quotas.record(user.name) for user in parts.trust.directory.users()]
    return replace(await parts.retention.usage(), users=users)


@router.post("/clean")
async def clean(request: Request, body: CleanRequest) -> CleanRecord:
    """Remove what the policy says, or what is older than asked; the operator's."""
    parts, _ = _for_operator(request)
    return await parts.retention.clean(body)


@router.get("/fork-servers")
async def list_fork_servers(request: Request) -> list[ForkServerRecord]:
    """Return the interpreters that wait to fork one's jobs, with their memory.

    The operator sees those of everybody.
    """
    sees_all = caller_of(request).rights.has(Role.OPERATE)
    return await parts_of(request).engine.fork_servers(None if sees_all else user_of(request))


def _for_operator(request: Request) -> tuple[ServiceParts, str]:
    """Return the service and who operates it and asks; raises `NotPermitted` for others."""
    parts = parts_of(request)
    return parts, require_role(request, Role.OPERATE, f"ask {parts.about.user}")
