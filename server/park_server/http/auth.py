"""Who is asking: every request carries a token, whatever its path, or is answered 401.

A token is that of a user, or of a grant, which does a few things in a user's name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from park.errors import NotAuthenticated, NotPermitted
from park_server.grants.grants import PREFIX, Grants
from park_server.grants.scope import Grant, check_request
from park_server.http.problems import problem_response

__all__ = ["Authentication", "Tokens", "grant_of", "user_of"]

_BASIC_USER = "__token__"
"""The user name that stands before a token in Basic authentication, as on PyPI."""

_OF_INDEX = ("/simple", "/trees/simple", "/files", "/legacy")
"""What pip, uv and twine ask for, which know no other login than Basic. A browser remembers
one, and sends it along for any page: so it opens nothing else."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that a service knows, by their SHA-256: none is kept in clear."""

    users: Mapping[bytes, str]

    @classmethod
    def of(cls, tokens: Mapping[str, str]) -> Tokens:
        """Hash ``tokens`` (token to user name)."""
        return cls(
            {hashlib.sha256(token.encode()).digest(): user for token, user in tokens.items()}
        )

    def user(self, token: str) -> str | None:
        """Return the user that ``token`` speaks for, or None."""
        digest = hashlib.sha256(token.encode()).digest()
        for known, user in self.users.items():
            if hmac.compare_digest(known, digest):
                return user
        return None


class Authentication:
    """ASGI middleware in front of everything: names the user, or answers 401.

    ``grants`` is None where there are none.
    """

    def __init__(self, app: ASGIApp, *, tokens: Tokens, grants: Grants | None = None) -> None:
        self._app = app
        self._tokens = tokens
        self._grants = grants

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the lifespan and authenticated requests pass."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        header = HTTPConnection(scope).headers.get("authorization")
        basic = takes_basic(scope["path"])
        token = token_in(header, basic=basic)
        user = self._tokens.user(token) if token else None
        if user is None:
            try:
                grant = self._grant(header, token, scope)
            except NotPermitted as error:
                await _refused(error, basic=basic)(scope, receive, send)
                return
            scope["grant"], user = grant, grant.user
        scope["user"] = user
        await self._app(scope, receive, send)

    def _grant(self, header: str | None, token: str | None, scope: Scope) -> Grant:
        """Return the grant of a token that is no user's; raises for what it does not open."""
        if token is None or self._grants is None or not token.startswith(PREFIX):
            raise _refusal(header, token)
        grant = self._grants.holder(token)
        check_request(grant, scope.get("method", ""), scope["path"])
        return grant


def takes_basic(path: str) -> bool:
    """Tell whether ``path`` is one of the index's, which alone are opened by Basic."""
    return any(path == each or path.startswith(f"{each}/") for each in _OF_INDEX)


def _refused(error: NotPermitted, *, basic: bool) -> Response:
    response = problem_response(error)
    if isinstance(error, NotAuthenticated):
        offered = 'Basic realm="park", ' if basic else ""
        response.headers["WWW-Authenticate"] = f'{offered}Bearer realm="park"'
    return response


def token_in(header: str | None, *, basic: bool) -> str | None:
    """Return the token of an ``Authorization`` header: Bearer, or the password of ``__token__``.

    The latter where ``basic`` is taken.
    """
    scheme, _, credentials = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip() or None
    if scheme.lower() != "basic" or not basic:
        return None
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if user == _BASIC_USER and password else None


def _refusal(header: str | None, token: str | None) -> NotAuthenticated:
    if header is None:
        message = "this service answers nothing without a token"
    elif token is None:
        message = (
            "the Authorization header holds no token that is taken here: use Bearer, or Basic as "
            f"{_BASIC_USER} for the index alone"
        )
    else:
        message = "this service does not know the token"
    return NotAuthenticated(
        message,
        hint="set PARK_SERVICE and its PARK_TOKEN, or: park service add NAME URL --token-file FILE",
    )


def user_of(request: Request) -> str:
    """Return the name of the user who asks."""
    return str(request.scope["user"])


def grant_of(request: Request) -> Grant | None:
    """Return the grant that ``request`` was made with; None: with a token of the user's own."""
    grant: Grant | None = request.scope.get("grant")
    return grant
