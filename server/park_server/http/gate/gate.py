"""The outermost layer: who may ask at all, and what every answer says to browsers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from park.errors import Misdirected, NotPermitted, ParkError
from park_server.entrance.cross_origin import refusal
from park_server.entrance.proxies import Asked
from park_server.entrance.settings import EntranceSettings
from park_server.http.problems import problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Gate"]

_READ = frozenset({b"host", b"origin", b"sec-fetch-site"})
_FORWARDED = b"x-forwarded-"

_SAID_TO_BROWSERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
_POLICY = b"content-security-policy"
_NO_PAGE = (
    _POLICY,
    b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
)
"""Nothing that a service sends is a page that runs, is framed, or sends a form: but its own
page, which says itself what it may."""

_TLS_ALONE = (b"strict-transport-security", b"max-age=31536000")
"""RFC 6797, for a year: the least that lists of preloaded hosts take."""

_Headers = Mapping[bytes, Sequence[str]]


class Gate:
    """ASGI middleware around all others.

    A request under a name that the service does not have is answered 421, one that another
    site's page has a browser make, and that may change something, 403.
    """

    def __init__(self, app: ASGIApp, settings: EntranceSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the lifespan pass, and look at a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _read(scope)
        asked = self._asked(scope, headers)
        answering = _with_headers(send, is_tls=asked.scheme == "https")
        error = self._refusal(scope, headers, asked)
        if error is not None:
            await problem_response(error)(scope, receive, answering)
            return
        if not headers.keys() <= _READ:  # it came through a proxy
            scope = _as_asked(scope, asked)
        await self._app(scope, receive, answering)

    def _asked(self, scope: Scope, headers: _Headers) -> Asked:
        client = scope.get("client")
        here = Asked(
            scheme=scope["scheme"],
            host=headers[b"host"][0] if headers[b"host"] else None,
            client=None if client is None else client[0],
        )
        forwarded = {
            name.removeprefix(_FORWARDED).decode("latin-1"): ",".join(values)
            for name, values in headers.items()
            if name.startswith(_FORWARDED)
        }
        return self._settings.proxies.asked(here, forwarded) if forwarded else here

    def _refusal(self, scope: Scope, headers: _Headers, asked: Asked) -> ParkError | None:
        hosts = headers[b"host"]
        if len(hosts) > 1 or (not hosts and scope.get("http_version") != "1.0"):
            return Misdirected("a request has one Host, which says whom it is meant for")
        server = scope.get("server")
        local = None if server is None else server[0]
        if asked.host is not None and not self._settings.hosts.allows(asked.host, local=local):
            return Misdirected(
                "this service does not go by the name that the request was sent to",
                hint="ask under the URL that its operator gave you; the operator adds a name with "
                "park serve --allow-host NAME, or --url URL",
            )
        why = refusal(
            scope["method"],
            sites=headers[b"sec-fetch-site"],
            origins=headers[b"origin"],
            own=self._own(asked),
        )
        return None if why is None else NotPermitted(f"{scope['method']} is refused: {why}")

    def _own(self, asked: Asked) -> list[str]:
        own = [] if asked.host is None else [f"{asked.scheme}://{asked.host}"]
        return own if self._settings.url is None else [*own, self._settings.url]


def _read(scope: Scope) -> defaultdict[bytes, list[str]]:
    """Return the headers that count here; names are in lower case, as ASGI has it."""
    found: defaultdict[bytes, list[str]] = defaultdict(list)
    for name, value in scope["headers"]:
        if name in _READ or name.startswith(_FORWARDED):
            found[name].append(value.decode("latin-1"))
    return found


def _as_asked(scope: Scope, asked: Asked) -> Scope:
    """Return ``scope`` as the client's own request would have made it, without any proxy."""
    headers = [pair for pair in scope["headers"] if not pair[0].startswith(_FORWARDED)]
    if asked.host is not None:
        headers = [pair for pair in headers if pair[0] != b"host"]
        headers.append((b"host", asked.host.encode("latin-1")))
    client = scope.get("client")
    if asked.client is not None and (client is None or client[0] != asked.client):
        client = (asked.client, 0)
    return {**scope, "scheme": asked.scheme, "headers": headers, "client": client}


def _with_headers(send: Send, *, is_tls: bool) -> Send:
    """Return what sends a response with the headers that all have."""
    extra = [*_SAID_TO_BROWSERS, _TLS_ALONE] if is_tls else list(_SAID_TO_BROWSERS)

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = message.get("headers", ())
            policy = () if any(name == _POLICY for name, _ in own) else (_NO_PAGE,)
            # a new one: some are made once and sent to many
            message = {**message, "headers": [*own, *policy, *extra]}
        await send(message)

    return sending
