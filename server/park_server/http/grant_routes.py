"""Routes of grants: what a user lets another service do for a while."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from park.errors import UsageError
from park.wire import (
    GrantRecord,
    GrantRequest,
    PassAnswer,
    PassRecord,
    PassRequest,
    WantedPasses,
)
from park_server.grants.scope import Grant
from park_server.http.auth import grant_of, user_of
from park_server.http.parts import LONG_POLL_S, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.peers import peer_rows

__all__ = ["router"]

router = DeclaredRoutes()

_LONGEST_NAME = 100


@router.post("/grants")
async def issue_grant(request: Request, body: GrantRequest) -> GrantRecord:
    """Make a grant for jobs and files of one's own; only this answer has its token."""
    parts, user = parts_of(request), user_of(request)
    await parts.quotas.take(user, len(await request.body()))
    return await parts.grants.issue(user, body)


@router.get("/grants")
async def list_grants(request: Request) -> list[GrantRecord]:
    """Return one's grants, newest first, without their tokens."""
    return parts_of(request).grants.listing(user_of(request))


@router.get("/grants/{grant}")
async def show_grant(request: Request, grant: str) -> GrantRecord:
    """Return one of one's own grants, without its token."""
    return parts_of(request).grants.record(grant, user_of(request))


@router.delete("/grants/{grant}", status_code=204)
async def revoke_grant(request: Request, grant: str) -> Response:
    """Revoke a grant of one's own, at once and for ever."""
    await parts_of(request).grants.revoke(grant, user_of(request))
    return Response(status_code=204)


@router.post("/grants/{grant}/passes")
async def make_pass(request: Request, grant: str, body: PassRequest) -> PassRecord:
    """Make a pass for one use of a bounced grant of one's own, as one's agent was asked for."""
    return parts_of(request).grants.make_pass(grant, user_of(request), body)


@router.get("/passes/wanted")
async def wanted_passes(
    request: Request,
    agent: Annotated[str, Query(min_length=1, max_length=_LONGEST_NAME)],
    wait: Annotated[float, Query(ge=0, le=LONG_POLL_S)] = 0,
) -> WantedPasses:
    """Return the passes that jobs here wait for and that ``agent`` was not asked for yet."""
    parts, user = parts_of(request), user_of(request)
    wanted = await parts.passes.listen(user, agent, wait)
    lent = parts.database.read(lambda connection: peer_rows.bounced_of(connection, user))
    return WantedPasses(wanted=wanted, lent=lent)


@router.put("/passes/wanted/{wanted}", status_code=204)
async def answer_wanted(request: Request, wanted: str, body: PassAnswer) -> Response:
    """Give a job the pass that it waits for, or say why there is none; once for each."""
    parts_of(request).passes.answer(wanted, user_of(request), body)
    return Response(status_code=204)


@router.put("/grant")
async def renew_grant(request: Request) -> GrantRecord:
    """Let the grant that this request is made with be good for another day: it is needed."""
    return await parts_of(request).grants.renew(_held(request))


@router.delete("/grant", status_code=204)
async def give_back(request: Request) -> Response:
    """Revoke the grant that this request is made with: its holder is done."""
    held = _held(request)
    await parts_of(request).grants.revoke(held.id, held.user)
    return Response(status_code=204)


def _held(request: Request) -> Grant:
    held = grant_of(request)
    if held is None:
        raise UsageError(
            "this request is made with a token of your own, which is no grant",
            hint="a grant is revoked by its id: DELETE /api/v1/grants/{grant}",
        )
    return held
