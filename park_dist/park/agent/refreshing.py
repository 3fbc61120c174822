"""A token in place of one that ends soon, from the service that it is of."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from park.agent.keys import Key
from park.agent.messages import Token
from park.errors import (
    InsecureTransport,
    NotAuthenticated,
    ServiceFault,
    ServiceUnreachable,
    from_problem,
)
from park.model.urls import host_of, is_loopback, is_protected

__all__ = ["moment", "refreshed_token", "token_of"]

_PATH = "/api/v1/tokens/refresh"
_LIMIT_S = 20.0
_MOST_BYTES = 64 << 10


class _Stay(HTTPRedirectHandler):
    """Follows nothing: the token is for this service alone."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Return None, which leaves the answer as it is."""


def refreshed_token(key: Key) -> tuple[Token, float | None]:
    """Return a new token for that of ``key``, and until when that one is refreshed.

    Raises `InsecureTransport`, `ServiceUnreachable`, `ServiceFault`, or what the service says:
    `NotAuthenticated` where it is not refreshed any more.
    """
    if not (key.insecure or is_protected(key.service)):
        raise InsecureTransport(f"{host_of(key.service)} is asked by plain HTTP")
    headers = {"Authorization": f"Bearer {key.token}", "Content-Type": "application/json"}
    request = Request(key.service + _PATH, data=b"{}", headers=headers, method="POST")  # noqa: S310 (services are http and https)
    try:
        with _opener(key.service).open(request, timeout=_LIMIT_S) as answer:
            text = answer.read(_MOST_BYTES)
    except HTTPError as error:
        with error:
            raise _told(error, error.read(_MOST_BYTES)) from None
    except (URLError, OSError) as error:
        why = getattr(error, "reason", error)
        raise ServiceUnreachable(f"nothing answers at {host_of(key.service)}: {why}") from None
    return token_of(text)


def token_of(text: bytes) -> tuple[Token, float | None]:
    """Return the token in the answer to a login, and until when it is refreshed."""
    try:
        record: Any = json.loads(text)
        token = Token(
            token=str(record["token"]),
            expires=moment(record.get("expires_at")),
            user=str(record.get("user", "")),
            id=str(record.get("id", "")),
        )
        return token, moment(record.get("renewable_until"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ServiceFault("the service answered a login with no token") from None


def moment(text: str | None) -> float | None:
    """Return an RFC 3339 moment in seconds since the epoch; raises `ValueError`."""
    return None if text is None else datetime.fromisoformat(text).timestamp()


def _opener(url: str) -> OpenerDirector:
    direct = [ProxyHandler({})] if is_loopback(urlsplit(url).hostname) else []
    return build_opener(_Stay, *direct)


def _told(error: HTTPError, text: bytes) -> Exception:
    try:
        problem = json.loads(text)
    except ValueError:
        problem = None
    if isinstance(problem, dict):
        return from_problem({"status": error.code, **problem})
    if error.code in {401, 403}:
        return NotAuthenticated(f"the service answered {error.code}")
    return ServiceFault(f"the service answered {error.code}")
