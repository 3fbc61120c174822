"""Who is asking: every request carries a token, whatever its path, or is answered 401.

A token is that of a user, or of a grant, which does a few things in a user's name.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from park.errors import (
    NotAuthenticated,
    NotPermitted,
    OverLimit,
    ParkError,
    TooLarge,
    UnknownItem,
    UsageError,
)
from park.model.ids import JobId
from park.wire import API, TokenClass
from park_server.grants.scope import Grant
from park_server.http.gate import session_cookie
from park_server.http.gate.grant_gate import GrantGate, OpenedGrant
from park_server.http.problems import problem_response
from park_server.proofs.identity import SCHEME
from park_server.proofs.signed_uses import NonceWanted
from park_server.trust.access import OPEN, TABLE, AccessTable, check_access
from park_server.trust.audit import Actor
from park_server.trust.identity import Caller, Callers, Tokens
from park_server.trust.rights import Role
from park_server.trust.under_way import RequestUnderWay, UnderWay

__all__ = [
    "Authentication",
    "Tokens",
    "actor_of",
    "address_of",
    "attempt_of",
    "caller_of",
    "grant_of",
    "opened_grant_of",
    "require_role",
    "user_of",
]

_BASIC_USER = "__token__"
"""The user name that stands before a token in Basic authentication, as on PyPI."""

_OF_INDEX = ("/simple", "/trees/simple", "/files", "/legacy")
"""What pip, uv and twine ask for, which know no other login than Basic. A browser remembers
one, and sends it along for any page: so it opens nothing else."""

_BELOW_INDEX = tuple(f"{each}/" for each in _OF_INDEX)


_READS = {"GET", "HEAD"}
_FOLLOW = f"{API}/follow"
"""A question that has a body, since it is a long one."""


class Authentication:
    """ASGI middleware in front of everything: names the user, or answers 401.

    Then it looks whether the token opens what is asked for. ``grants`` is None where there are
    none; ``under_way`` ends the requests whose token is revoked meanwhile. ``admit`` counts the
    requests of a user, and raises `OverLimit` for one too many.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        tokens: Callers,
        grants: GrantGate | None,
        under_way: UnderWay,
        admit: Callable[[str], None],
    ) -> None:
        self._app = app
        self._admit = admit
        self._tokens = tokens
        self._grants = grants
        self._under_way = under_way
        self._table = AccessTable(TABLE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the lifespan and authenticated requests pass."""
        if scope["type"] == "lifespan" or (scope.get("method"), scope["path"]) in OPEN:
            await self._app(scope, receive, send)
            return
        headers = HTTPConnection(scope).headers
        header = headers.get("authorization")
        basic = takes_basic(scope["path"])
        held: tuple[str, str] | None = None
        try:
            token = token_in(header, basic=basic)
            found = partial(self._in_browser, scope, headers)
            if header is not None:
                found = partial(self._with_token, token)
            caller = found()
            if caller is None:
                opened = self._opened(header, token, scope)
                grant = opened.grant
                scope["grant"], scope["user"] = opened, grant.user
                held = grant.id, grant.expires
            else:
                scope["caller"], scope["user"] = caller, caller.user
                if caller.token is not None:
                    held = caller.token.id, caller.token.expires
                self._check(caller, scope)
            if caller is None or caller.attempt is None:  # a node is none of a user's programs
                self._let_in(scope["user"], is_operator=held is None)
        except _NotTaken as refusal:
            await refusal.response(scope, receive, send)
        except NonceWanted as error:
            await self._challenged(error)(scope, receive, send)
        except (NotPermitted, UnknownItem, OverLimit, TooLarge) as error:
            await _refused(error, basic=basic)(scope, receive, send)
        else:
            await self._answered(held, found, scope, receive, send)

    def _let_in(self, user: str, *, is_operator: bool) -> None:
        """Raise `OverLimit` where ``user`` asks too fast, or has too much under way."""
        self._admit(user)
        if not is_operator:
            self._under_way.require_room(user)

    async def _answered(
        self,
        held: tuple[str, str] | None,
        found: Callable[[], Caller | None],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        if held is None:
            await self._app(scope, receive, send)
            return
        may_cut = scope["type"] == "http" and (
            scope["method"] in _READS or scope["path"] == _FOLLOW
        )
        opened: OpenedGrant | None = scope.get("grant")
        caller: Caller | None = scope.get("caller")
        user = scope["user"] if caller is None or caller.attempt is None else ""
        is_open = partial(self._is_open, found, scope)
        with self._under_way.noted(*held, may_cut=may_cut, user=user, is_open=is_open) as request:
            if opened is not None and self._grants is not None:
                send = self._grants.answering(opened, send, request.end)
            await _until_over(request, self._app, scope, receive, send)

    def _is_open(self, found: Callable[[], Caller | None], scope: Scope) -> bool:
        """Tell whether who asks may ask for this still, be it by a grant of his."""
        try:
            if (opened := scope.get("grant")) is not None:
                self._require_role(opened.grant.user, scope)
            elif (caller := found()) is not None:
                self._check(caller, scope)
            else:
                return False
        except (NotAuthenticated, NotPermitted, UnknownItem):
            return False
        return True

    def _with_token(self, token: str | None) -> Caller | None:
        """Return who speaks with ``token``; that of a browser is none outside of its cookie."""
        caller = None if token is None else self._tokens.find(token)
        return None if caller is None or caller.kind is TokenClass.BROWSER else caller

    def _in_browser(self, scope: Scope, headers: Headers) -> Caller | None:
        """Return whose cookie comes along, where the page of the service itself sends it."""
        secret = session_cookie.secret_in(headers, scope["scheme"])
        if secret is None:
            return None
        session_cookie.require_own_page(scope["method"], headers)
        caller = self._tokens.find(secret)
        return caller if caller is not None and caller.kind is TokenClass.BROWSER else None

    def _check(self, caller: Caller, scope: Scope) -> None:
        """Raise for what the token does not open, `UnknownItem` for what is nowhere."""
        if caller.may_all:
            return
        method, path = scope.get("method", ""), scope["path"]
        endpoint = self._table.endpoint(method, path)
        if endpoint is None:
            if methods := self._table.methods(path):
                raise _NotTaken(methods)
            raise UnknownItem(f"nothing at {path} on this service")
        check_access(
            endpoint,
            user=caller.user,
            rights=caller.rights,
            kind=caller.kind,
            audience=caller.audience,
        )

    def _opened(self, header: str | None, token: str | None, scope: Scope) -> OpenedGrant:
        """Return the grant of a token that is no user's; raises for what it does not open."""
        scheme = (header or "").partition(" ")[0]
        opened = None
        if token is not None and self._grants is not None:
            opened = self._grants.opened(token, scheme, scope)
        if opened is None:
            raise _refusal(header, token)
        self._require_role(opened.grant.user, scope)
        return opened

    def _require_role(self, user: str, scope: Scope) -> None:
        """Raise where ``user`` may not what is asked for with a grant of his: it opens no more."""
        rights = self._tokens.rights_of(user)
        if not rights.held:
            raise NotAuthenticated(
                f"{user}, whose grant this is, is no user here any more, or may nothing"
            )
        endpoint = self._table.endpoint(scope.get("method", ""), scope["path"])
        if endpoint is not None and endpoint.needs is not None and not rights.has(endpoint.needs):
            raise NotPermitted(
                f"{user}, whose grant this is, has the role {endpoint.needs} no more",
                hint="those who administrate the service give it",
            )

    def _challenged(self, error: NonceWanted) -> Response:
        response = problem_response(NotAuthenticated(error.message))
        for name, value in [] if self._grants is None else self._grants.challenge():
            response.headers[name] = value
        return response


def takes_basic(path: str) -> bool:
    """Tell whether ``path`` is one of the index's, which alone are opened by Basic."""
    return path in _OF_INDEX or path.startswith(_BELOW_INDEX)


class _NotTaken(Exception):
    """The path is there, but not for this method."""

    def __init__(self, methods: list[str]) -> None:
        super().__init__(methods)
        status = HTTPStatus.METHOD_NOT_ALLOWED
        self.response = problem_response(UsageError(status.phrase))
        self.response.status_code = status
        self.response.headers["Allow"] = ", ".join(methods)


async def _until_over(
    request: RequestUnderWay, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Let ``app`` answer, for as long as ``request`` is not ended from outside."""
    started = False

    async def sent(message: Message) -> None:
        nonlocal started
        started = True
        await send(message)

    async def heard() -> Message:
        if request.is_over:
            return {"type": "http.disconnect"}
        before, request.may_cut = request.may_cut, True
        try:
            return await receive()
        except asyncio.CancelledError:
            if before or not request.is_over:
                raise
            request.task.uncancel()
            return {"type": "http.disconnect"}
        finally:
            request.may_cut = before

    try:
        await app(scope, heard, sent)
    except asyncio.CancelledError:
        if not request.is_over:
            raise
        request.task.uncancel()
        if not started:
            what = "grant" if "grant" in scope else "token"
            error = NotAuthenticated(f"the {what} was revoked, or expired, while this was answered")
            basic = takes_basic(scope["path"])
            await _refused(error, basic=basic)(scope, receive, send)


def _refused(error: ParkError, *, basic: bool) -> Response:
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
    if scheme.lower() in {"bearer", SCHEME.lower()}:
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
        hint="log in: park login URL; without an agent set PARK_SERVICE and its PARK_TOKEN, or"
        " park service add NAME URL --token-file FILE",
    )


def user_of(request: Request) -> str:
    """Return the name of the user who asks."""
    return str(request.scope["user"])


def grant_of(request: Request) -> Grant | None:
    """Return the grant that ``request`` was made with; None: with a token of the user's own."""
    opened = opened_grant_of(request)
    return None if opened is None else opened.grant


def opened_grant_of(request: Request) -> OpenedGrant | None:
    """Return the grant that ``request`` was made with, and whose key signed that."""
    opened: OpenedGrant | None = request.scope.get("grant")
    return opened


def caller_of(request: Request) -> Caller:
    """Return who makes ``request`` with a token of his own; raises `NotPermitted` for a grant."""
    caller: Caller | None = request.scope.get("caller")
    if caller is None:
        raise NotPermitted("this is not asked with a grant")
    return caller


def attempt_of(request: Request) -> tuple[JobId, int]:
    """Return the job and attempt of the node that asks; raises `NotPermitted` for anybody else."""
    caller = caller_of(request)
    if caller.attempt is None:
        raise NotPermitted("this is asked by nodes alone, with the token of an attempt")
    return caller.attempt


def require_role(request: Request, role: Role, hint: str | None = None) -> str:
    """Return the user who asks; raises `NotPermitted` unless he has ``role``."""
    caller = caller_of(request)
    if not caller.rights.has(role):
        raise NotPermitted(
            f"{caller.user} may not: this needs the role {role} of this service", hint=hint
        )
    return caller.user


def address_of(request: Request) -> str:
    """Return the address that ``request`` comes from; empty where that is not known."""
    return "" if request.client is None else request.client.host


def actor_of(request: Request) -> Actor:
    """Return who makes ``request``, as the audit log names him."""
    caller: Caller | None = request.scope.get("caller")
    held = None if caller is None else caller.token
    return Actor(
        user=user_of(request),
        token=None if held is None else held.id,
        address=address_of(request),
    )
