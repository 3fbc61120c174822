"""A request that a service which stands by hands on to the one that leads, with how it came.

The leader answers it as if the client had connected to it: its address, its scheme and the
address that it asked at are those of the client's own connection.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["HandedOn", "as_came", "handed"]

_NAME = b"x-park-came"

Headers = Iterable[tuple[bytes, bytes]]

_OF_ONE_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade"),
        b"expect",
    }
)
"""What is said to the next hop and to nobody behind it (RFC 9110, 7.6.1)."""


def as_came(scope: Scope) -> bytes:
    """Return how a request came, as it is told to the leader."""
    return json.dumps([scope["scheme"], scope.get("client"), scope.get("server")]).encode("ascii")


def handed(headers: Headers, *, came: bytes | None = None) -> list[tuple[bytes, bytes]]:
    """Return the headers of a message that go on to the next hop, and ``came`` with them.

    What a client says itself of how it came is left out.
    """
    found = list(headers)
    gone = {*_OF_ONE_HOP, _NAME}
    for name, value in found:
        if name.lower() == b"connection":
            gone |= {each.strip().lower() for each in value.split(b",")}
    kept = [(name, value) for name, value in found if name.lower() not in gone]
    return kept if came is None else [*kept, (_NAME, came)]


class HandedOn:
    """ASGI middleware of the leader's own socket: has a request be as it came to the other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as it came."""
        await self._app(_as_it_came(scope), receive, send)


def _as_it_came(scope: Scope) -> Scope:
    headers = [pair for pair in scope["headers"] if pair[0] != _NAME]
    came = [value for name, value in scope["headers"] if name == _NAME]
    if not came:
        return scope
    scheme, client, server = json.loads(came[-1])
    return {
        **scope,
        "headers": headers,
        "scheme": scheme,
        "client": _address(client),
        "server": _address(server),
    }


def _address(said: list[Any] | None) -> tuple[Any, ...] | None:
    return None if said is None else tuple(said)
