"""Routes by which a browser begins and ends a session: the token goes into a cookie."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from park.errors import NotAuthenticated, UsageError
from park.wire import Audience, LoginRequest, SessionRequest, TokenClass
from park_server.http.auth import actor_of, address_of, caller_of
from park_server.http.gate import session_cookie
from park_server.http.parts import parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.trust.audit import Actor
from park_server.trust.held_token import HeldToken

__all__ = ["router"]

router = DeclaredRoutes()


@router.post("/session", status_code=204)
async def open_session(request: Request, body: SessionRequest) -> Response:
    """Have the browser keep a token of its own, in a cookie, for who shows who he is."""
    address = address_of(request)
    if body.token is None:
        asked = LoginRequest(user=body.user, password=body.password)
        await parts_of(request).trust.logins.check(asked, address)
        user, parent = body.user, None
    else:
        user, parent = _holder(request, body.token.strip())
    book = parts_of(request).trust.book
    token, secret = await book.open_browser(user, parent, Actor(user=user, address=address))
    left = datetime.fromisoformat(token.expires) - datetime.now(UTC)
    answer = Response(status_code=204)
    answer.headers["Set-Cookie"] = session_cookie.set_with(
        secret.text, lasts_s=int(left.total_seconds()), **_place(request)
    )
    return answer


@router.delete("/session", status_code=204)
async def close_session(request: Request) -> Response:
    """End the session: its token opens nothing more, and the browser forgets it."""
    held = caller_of(request).token
    if held is None:
        raise UsageError("this is no session of a browser")
    await parts_of(request).trust.book.revoke([held.id], actor_of(request))
    answer = Response(status_code=204)
    answer.headers["Set-Cookie"] = session_cookie.cleared(**_place(request))
    return answer


def _holder(request: Request, token: str) -> tuple[str, HeldToken | None]:
    """Return whose ``token`` it is, and what is known of it; None: of the operator's own."""
    caller = parts_of(request).trust.callers.find(token)
    if (
        caller is None
        or caller.kind is not TokenClass.USER
        or caller.audience is not Audience.SERVICE
    ):
        raise NotAuthenticated(
            "the service knows no such token of a user",
            hint="the operator's own is in the file `token` of the service's home; others log in"
            " with name and password",
        )
    return caller.user, caller.token


def _place(request: Request) -> dict[str, str]:
    return {"scheme": request.url.scheme, "host": request.headers.get("host", "")}
