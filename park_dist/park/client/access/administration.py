"""Who may use a service, as those ask who administrate it; and one's own tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from park.wire import (
    API,
    ApprovalRecord,
    ApprovalRequest,
    AuditRecord,
    GroupRecord,
    PeerRevokedRecord,
    PolicyRecord,
    QuarantineRecord,
    RevokedRecord,
    RotatedIdentityRecord,
    RotatedRecord,
    TokenRecord,
    TokenRequest,
    UserRecord,
    UserRequest,
    WhoRecord,
    decode,
    encode,
    json_body,
)

if TYPE_CHECKING:
    from park.client.access.transport import Transport

__all__ = ["Administration", "Approvals", "Tokens"]

_ADMIN = f"{API}/admin"


class Administration:
    """Users, groups, tokens, policy and audit log of the service behind ``transport``.

    Raises what the service answers: `NotPermitted` for whoever has not the role ``admin``.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    # -- users

    def users(self) -> list[UserRecord]:
        """Return the users by name, those that were removed as well."""
        return [decode(UserRecord, each) for each in self._json("GET", "users")]

    def add_user(self, request: UserRequest) -> UserRecord:
        """Add a user."""
        return decode(UserRecord, self._json("POST", "users", encode(request)))

    def remove_user(self, name: str) -> RevokedRecord:
        """Remove a user, revoke what he has, and end his jobs."""
        return decode(RevokedRecord, self._json("DELETE", f"users/{_quoted(name)}"))

    def revoke_user(self, name: str) -> RevokedRecord:
        """Revoke what a user has, and end his jobs; he may log in again."""
        return decode(RevokedRecord, self._json("POST", f"users/{_quoted(name)}/revoke"))

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password."""
        self._json("PUT", f"users/{_quoted(name)}/password", {"password": password})

    def set_roles(self, name: str, roles: Sequence[str]) -> UserRecord:
        """Give a user other roles, besides those of the policy."""
        path = f"users/{_quoted(name)}/roles"
        return decode(UserRecord, self._json("PUT", path, {"roles": list(roles)}))

    # -- groups

    def groups(self) -> list[GroupRecord]:
        """Return the groups by name."""
        return [decode(GroupRecord, each) for each in self._json("GET", "groups")]

    def join(self, group: str, user: str) -> None:
        """Put a user into a group."""
        self._json("PUT", f"groups/{_quoted(group)}/members/{_quoted(user)}")

    def leave(self, group: str, user: str) -> None:
        """Take a user out of a group."""
        self._transport.delete(f"{_ADMIN}/groups/{_quoted(group)}/members/{_quoted(user)}")

    # -- tokens

    def tokens(self, user: str | None = None) -> list[TokenRecord]:
        """Return the tokens of everybody, or of one user."""
        query = "" if user is None else f"?user={_quoted(user)}"
        return [decode(TokenRecord, each) for each in self._json("GET", f"tokens{query}")]

    def make_token(self, user: str, request: TokenRequest) -> TokenRecord:
        """Make a token for a user; the answer has it, once."""
        path = f"users/{_quoted(user)}/tokens"
        return decode(TokenRecord, self._json("POST", path, encode(request)))

    def revoke_token(self, token: str) -> None:
        """Revoke a token of anybody, named by the end of its id."""
        self._transport.delete(f"{_ADMIN}/tokens/{_quoted(token)}")

    def rotate(self) -> str:
        """Have a new token made for the operator; return the file that has it."""
        return decode(RotatedRecord, self._json("POST", "rotate")).token_file

    def rotate_identity(self, *, forget: bool) -> str:
        """Have the service make another key; return what names it."""
        document = {"forget": forget}
        answer = self._json("POST", "rotate/identity", document)
        return decode(RotatedIdentityRecord, answer).identity

    def revoke_peer(self, peer: str) -> PeerRevokedRecord:
        """Revoke all that another service was lent; it is named by its URL or its key."""
        return decode(PeerRevokedRecord, self._json("POST", "peers/revoke", {"peer": peer}))

    def quarantine(self, sha256: str, why: str) -> QuarantineRecord:
        """Set a wheel aside, and end what runs it."""
        path = f"quarantine/{_quoted(sha256)}"
        return decode(QuarantineRecord, self._json("POST", path, {"why": why}))

    # -- policy, and what was done

    def policy(self) -> PolicyRecord:
        """Return the policy that the service keeps to."""
        return decode(PolicyRecord, self._json("GET", "policy"))

    def check_policy(self, text: str) -> PolicyRecord:
        """Have the text of a policy file checked; raises `UsageError` with the line."""
        return decode(PolicyRecord, self._json("POST", "policy/check", {"text": text}))

    def reload_policy(self) -> PolicyRecord:
        """Have the policy file read again; raises `UsageError` with the line."""
        return decode(PolicyRecord, self._json("POST", "policy/reload"))

    def audit(self, **query: str | int | None) -> list[AuditRecord]:
        """Return who did what, newest first; see ``GET /api/v1/admin/audit``."""
        asked = "&".join(f"{k}={_quoted(str(v))}" for k, v in query.items() if v is not None)
        found = self._json("GET", f"audit?{asked}")
        return [decode(AuditRecord, each) for each in found]

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        arguments = {} if body is None else json_body(body)
        return self._transport.json(method, f"{_ADMIN}/{path}", **arguments)


class Approvals:
    """What users may have of a locked-down service, behind ``transport``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def listing(self) -> list[ApprovalRecord]:
        """Return what is approved."""
        found = self._transport.json("GET", f"{API}/approvals")
        return [decode(ApprovalRecord, each) for each in found]

    def approve(self, request: ApprovalRequest) -> ApprovalRecord:
        """Approve a project, a version, a lock or a set; raises `NotPermitted` for others."""
        body = json_body(encode(request))
        return decode(ApprovalRecord, self._transport.json("POST", f"{API}/approvals", **body))

    def withdraw(self, what: str) -> None:
        """Approve something no longer; raises `UnknownItem`."""
        self._transport.delete(f"{API}/approvals/{_quoted(what)}")


class Tokens:
    """One's own tokens on the service behind ``transport``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def whoami(self) -> WhoRecord:
        """Return who asks, and what he may do."""
        return decode(WhoRecord, self._transport.json("GET", f"{API}/whoami"))

    def listing(self) -> list[TokenRecord]:
        """Return one's tokens, newest first."""
        found = self._transport.json("GET", f"{API}/tokens")
        return [decode(TokenRecord, each) for each in found]

    def make(self, request: TokenRequest) -> TokenRecord:
        """Make a narrower token; the answer has it, once."""
        found = self._transport.json("POST", f"{API}/tokens", **json_body(encode(request)))
        return decode(TokenRecord, found)

    def revoke(self, token: str) -> None:
        """Revoke one, named by the end of its id, with all that was made with it."""
        self._transport.delete(f"{API}/tokens/{_quoted(token)}")


def _quoted(text: str) -> str:
    return quote(text, safe="")
