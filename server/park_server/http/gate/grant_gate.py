"""Requests that are made with grants: what opens them, who makes them, and what that costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Message, Scope, Send

from park.errors import NotAuthenticated
from park_server.grants.costs import GrantCosts
from park_server.grants.grants import PREFIX, Grants
from park_server.grants.scope import Grant, check_request
from park_server.proofs.identity import SCHEME
from park_server.proofs.signed_uses import CheckedUse, Request, Uses

__all__ = ["GrantGate", "OpenedGrant"]


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedGrant:
    """A grant, and who uses it by the key that signed that; None: it is bound to nobody."""

    grant: Grant
    use: CheckedUse | None


class GrantGate:
    """Looks at requests that are made with grants. For one event loop."""

    def __init__(self, *, grants: Grants, uses: Uses, costs: GrantCosts) -> None:
        self._grants = grants
        self._uses = uses
        self._costs = costs

    def opened(self, token: str, scheme: str, scope: Scope) -> OpenedGrant | None:
        """Return the grant of ``token``, None for a token that is none of a grant.

        Raises `NotAuthenticated` where it is of no use, or not its holder's; `NotPermitted` for
        what it does not open; `OverLimit` and `TooLarge` where it has cost enough.
        """
        if not token.startswith(PREFIX):
            return None
        grant = self._grants.holder(token)
        use = None
        if grant.holder is not None:
            # a token that stands there like any other is not even looked up as one's own
            request = _request(scope, is_signed=scheme.lower() == SCHEME.lower())
            use = self._uses.check(token, request)
            _require_holder(grant, use)
        check_request(grant, scope.get("method", ""), scope["path"])
        self._costs.admit(grant.id)
        if grant.only is not None:
            self._grants.spend(token)
        return OpenedGrant(grant=grant, use=use)

    def challenge(self) -> list[tuple[str, str]]:
        """Return the headers that ask for a use signed with a nonce."""
        return [
            ("DPoP-Nonce", self._uses.nonce()),
            ("WWW-Authenticate", f'{SCHEME} error="use_dpop_nonce", algs="Ed25519"'),
        ]

    def answering(self, opened: OpenedGrant, send: Send, cut: Callable[[], None]) -> Send:
        """Return what sends an answer: counted, and ``cut`` where the grant has read its all."""
        nonce = None if opened.use is None else opened.use.nonce

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and nonce is not None:
                told = (b"dpop-nonce", nonce.encode("ascii"))
                message = {**message, "headers": [*message.get("headers", ()), told]}
            await send(message)
            more = self._costs.sent(opened.grant.id, len(message.get("body", b"")))
            if not more and message.get("more_body", False):
                cut()

        return sending


def _require_holder(grant: Grant, use: CheckedUse) -> None:
    if grant.holder != use.holder:
        raise NotAuthenticated(
            f"the grant …{grant.id[-6:]} is bound to the key {grant.holder}, and this use is"
            f" signed with {use.holder}",
            hint="a grant is for one service alone; where that has another key by now (park admin"
            " rotate), what waits for it is to be submitted again",
        )


def _request(scope: Scope, *, is_signed: bool) -> Request:
    values = {b"host": [""], b"dpop": []}
    for name, value in scope["headers"]:
        if name in values:
            values[name].append(value.decode("latin-1"))
    return Request(
        method=scope.get("method", ""),
        host=values[b"host"][-1],
        path=scope["path"],
        proofs=tuple(values[b"dpop"]) if is_signed else (),
    )
