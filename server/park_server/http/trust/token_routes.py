"""Routes of logins and tokens: one's own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from park.errors import NotPermitted, UsageError
from park.wire import (
    DeviceLoginRecord,
    DeviceTokenRecord,
    DeviceTokenRequest,
    LoginRecord,
    LoginRequest,
    LoginWays,
    QuotaRecord,
    TokenRecord,
    TokenRequest,
    WhoRecord,
)
from park_server.http.auth import actor_of, address_of, caller_of, user_of
from park_server.http.parts import parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.trust.held_token import HeldToken

__all__ = ["router"]

router = DeclaredRoutes()


@router.post("/login")
async def log_in(request: Request, body: LoginRequest) -> LoginRecord:
    """Return a token for who knows the password of a user; asked without one."""
    return await parts_of(request).trust.logins.log_in(body, address_of(request))


@router.get("/login")
async def ways_in(request: Request) -> LoginWays:
    """Return how one logs in here besides by password; asked without a token."""
    return LoginWays(issuer=parts_of(request).device_logins.name)


@router.post("/login/device")
async def begin_device_login(request: Request) -> DeviceLoginRecord:
    """Begin a login at the issuer, which somebody finishes in a browser; asked without a token."""
    return await parts_of(request).device_logins.begin(address_of(request))


@router.post("/login/device/token")
async def finish_device_login(request: Request, body: DeviceTokenRequest) -> DeviceTokenRecord:
    """Return the login once it was finished at the issuer; asked without a token."""
    return await parts_of(request).device_logins.finish(body.handle, body.note, address_of(request))


@router.get("/whoami")
async def who_am_i(request: Request) -> WhoRecord:
    """Return who asks, and what he may do with the token that he asks with."""
    return caller_of(request).record()


@router.get("/quota")
async def show_quota(request: Request) -> QuotaRecord:
    """Return what the user has on the service, and how much he may have."""
    return await parts_of(request).quotas.record(user_of(request))


@router.get("/tokens")
async def list_tokens(request: Request) -> list[TokenRecord]:
    """Return one's tokens, newest first, without themselves."""
    return parts_of(request).trust.book.listing(user_of(request))


@router.post("/tokens")
async def make_token(request: Request, body: TokenRequest) -> TokenRecord:
    """Make a narrower token; only this answer has it."""
    return await parts_of(request).trust.book.make(caller_of(request), body, actor_of(request))


@router.post("/tokens/refresh")
async def refresh_token(request: Request) -> LoginRecord:
    """Return another token in place of the one that this is asked with, which ends in a minute."""
    book = parts_of(request).trust.book
    return await book.refresh(_in_table(request), actor_of(request))


@router.delete("/tokens/{token}", status_code=204)
async def revoke_token(request: Request, token: str) -> Response:
    """Revoke a token of one's own with its children, at once and for ever.

    One that was narrowed revokes itself and its children, and no other.
    """
    book, held = parts_of(request).trust.book, caller_of(request).token
    if held is not None and held.parent is not None and not book.is_below(token, held.id):
        raise NotPermitted(
            "a token that was made with another revokes itself, and what was made with it",
            hint="ask with the login that it was made with",
        )
    await book.revoke_own(token, user_of(request), actor_of(request))
    return Response(status_code=204)


def _in_table(request: Request) -> HeldToken:
    held = caller_of(request).token
    if held is None:
        raise UsageError(
            "the operator's token in the home is not refreshed: it does not expire",
            hint="park admin token rotate makes another",
        )
    return held
