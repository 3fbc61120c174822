"""Routes of those who administrate a service: users, groups, tokens, policy, audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from park.wire import (
    AuditRecord,
    GroupRecord,
    PasswordRequest,
    PeerRevokedRecord,
    PeerRevokeRequest,
    PolicyRecord,
    PolicyRequest,
    QuarantineRecord,
    QuarantineRequest,
    RevokedRecord,
    RolesRequest,
    RotatedIdentityRecord,
    RotatedRecord,
    RotateIdentityRequest,
    TokenRecord,
    TokenRequest,
    UserRecord,
    UserRequest,
)
from park_server.clock import in_utc
from park_server.http.auth import actor_of
from park_server.http.parts import MOST, ServiceParts, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.trust import audit
from park_server.trust.identity import Caller
from park_server.trust.policy import Policy
from park_server.trust.policy_file import read_policy

__all__ = ["router"]

router = DeclaredRoutes(prefix="/admin")


@router.get("/users")
async def list_users(request: Request) -> list[UserRecord]:
    """Return the users by name, those that were removed as well."""
    return parts_of(request).trust.directory.users()


@router.post("/users")
async def add_user(request: Request, body: UserRequest) -> UserRecord:
    """Add a user."""
    trust = parts_of(request).trust
    password = None if body.password is None else await trust.passwords.hashed(body.password)
    return await trust.directory.add(
        body.name, body.roles, password, again=body.again, actor=actor_of(request)
    )


@router.delete("/users/{user}")
async def remove_user(request: Request, user: str) -> RevokedRecord:
    """Remove a user: revoke all that he has, end his jobs, and let him in no more."""
    parts, actor = parts_of(request), actor_of(request)
    await parts.trust.directory.remove(user, actor)
    return await parts.revocation.revoke_all(user, actor)


@router.put("/users/{user}/password")
async def set_password(request: Request, user: str, body: PasswordRequest) -> UserRecord:
    """Give a user another password; what he is logged in with goes on."""
    trust = parts_of(request).trust
    encoded = await trust.passwords.hashed(body.password)
    return await trust.directory.set_password(user, encoded, actor_of(request))


@router.post("/users/{user}/tokens")
async def make_token(request: Request, user: str, body: TokenRequest) -> TokenRecord:
    """Make a token for a user, who need not log in for it; only this answer has it."""
    trust = parts_of(request).trust
    trust.directory.require(user)
    rights, _ = trust.directory.standing(user)
    caller = Caller(user=user, rights=rights)
    return await trust.book.make(caller, body, actor_of(request))


@router.put("/users/{user}/roles")
async def set_roles(request: Request, user: str, body: RolesRequest) -> UserRecord:
    """Give a user other roles, besides those of the policy."""
    return await parts_of(request).trust.directory.set_roles(user, body.roles, actor_of(request))


@router.post("/users/{user}/revoke")
async def revoke_user(request: Request, user: str) -> RevokedRecord:
    """Revoke all tokens and grants of a user, and end his jobs; he may log in again."""
    parts = parts_of(request)
    parts.trust.directory.require(user)
    return await parts.revocation.revoke_all(user, actor_of(request))


@router.get("/groups")
async def list_groups(request: Request) -> list[GroupRecord]:
    """Return the groups by name, with their members and roles."""
    return parts_of(request).trust.directory.groups()


@router.put("/groups/{group}/members/{user}")
async def join_group(request: Request, group: str, user: str) -> GroupRecord:
    """Put a user into a group."""
    return await parts_of(request).trust.directory.join(group, user, actor_of(request))


@router.delete("/groups/{group}/members/{user}", status_code=204)
async def leave_group(request: Request, group: str, user: str) -> Response:
    """Take a user out of a group."""
    await parts_of(request).trust.directory.leave(group, user, actor_of(request))
    return Response(status_code=204)


@router.get("/tokens")
async def list_all_tokens(request: Request, user: str | None = None) -> list[TokenRecord]:
    """Return the tokens of everybody, or of one user, newest first."""
    return parts_of(request).trust.book.listing(user)


@router.delete("/tokens/{token}", status_code=204)
async def revoke_any_token(request: Request, token: str) -> Response:
    """Revoke a token of anybody, with its children."""
    await parts_of(request).trust.book.revoke_own(token, None, actor_of(request))
    return Response(status_code=204)


@router.post("/rotate")
async def rotate(request: Request) -> RotatedRecord:
    """Make another token for the operator, in the home; the one of before opens nothing more."""
    return await parts_of(request).revocation.rotate(actor_of(request))


@router.post("/rotate/identity")
async def rotate_identity(request: Request, body: RotateIdentityRequest) -> RotatedIdentityRecord:
    """Make another key of the service; the one of before signs for what was lent to it, or not."""
    return await parts_of(request).revocation.rotate_identity(actor_of(request), forget=body.forget)


@router.post("/peers/revoke")
async def revoke_peer(request: Request, body: PeerRevokeRequest) -> PeerRevokedRecord:
    """Revoke all that another service was lent, by whomever."""
    return await parts_of(request).revocation.revoke_peer(body.peer, actor_of(request))


@router.post("/quarantine/{sha256}")
async def quarantine(request: Request, sha256: str, body: QuarantineRequest) -> QuarantineRecord:
    """Set a wheel aside: it is given out no more, and what runs it ends."""
    return await parts_of(request).quarantine.set_aside(sha256, body.why, actor_of(request))


@router.get("/policy")
async def show_policy(request: Request) -> PolicyRecord:
    """Return the policy that the service keeps to, as it was read."""
    parts = parts_of(request)
    return _policy(parts, parts.trust.directory.policy, parts.trust.directory.policy_text)


@router.post("/policy/check")
async def check_policy(request: Request, body: PolicyRequest) -> PolicyRecord:
    """Tell whether a text would be understood as the policy; 400 names the line that is not."""
    return _policy(parts_of(request), read_policy(body.text, "the policy"), body.text)


@router.post("/policy/reload")
async def reload_policy(request: Request) -> PolicyRecord:
    """Read the policy file again; where that is wrong, the service keeps to the last."""
    parts = parts_of(request)
    policy = await parts.trust.directory.reload_policy(actor_of(request))
    parts.jobs.look_again()
    return _policy(parts, policy, parts.trust.directory.policy_text)


def _policy(parts: ServiceParts, policy: Policy, text: str) -> PolicyRecord:
    return PolicyRecord(
        file=str(parts.trust.directory.policy_file),
        text=text,
        everybody=policy.everybody.spelled(),
    )


@router.get("/audit")
def read_audit(
    request: Request,
    *,
    user: str | None = None,
    action: str | None = None,
    since: AwareDatetime | None = None,
    before: Annotated[int | None, Query(ge=0, le=MOST)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> list[AuditRecord]:
    """Return who did what, newest first: of or to a ``user``, of an ``action``, ``since``."""
    moment = None if since is None else in_utc(since)
    return list(
        parts_of(request).database.read(
            lambda c: audit.listing(
                c, user=user, action=action, since=moment, before=before, limit=limit
            )
        )
    )
