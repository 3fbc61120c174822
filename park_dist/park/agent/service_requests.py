"""What the agent asks of the services whose keys it holds: JSON over HTTP, by what Python has."""

from __future__ import annotations

import json
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
from park.errors import (
    InsecureTransport,
    NotAuthenticated,
    ServiceFault,
    ServiceUnreachable,
    from_problem,
)
from park.model.urls import host_of, is_loopback, is_protected

__all__ = ["LIMIT_S", "asked"]

LIMIT_S = 20.0
_MOST_BYTES = 4 << 20


class _Stay(HTTPRedirectHandler):
    """Follows nothing: the token is for this service alone."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Return None, which leaves the answer as it is."""


def asked(
    key: Key, method: str, path: str, document: Any = None, *, limit_s: float = LIMIT_S
) -> bytes:
    """Return what the service of ``key`` answers at ``path``.

    Raises `InsecureTransport`, `ServiceUnreachable`, `ServiceFault`, or what the service says.
    """
    if not (key.insecure or is_protected(key.service)):
        raise InsecureTransport(f"{host_of(key.service)} is asked by plain HTTP")
    headers = {"Authorization": f"Bearer {key.token}", "Content-Type": "application/json"}
    body = None if document is None else json.dumps(document).encode()
    request = Request(key.service + path, data=body, headers=headers, method=method)  # noqa: S310 (services are http and https)
    try:
        with _opener(key.service).open(request, timeout=limit_s) as answer:
            return bytes(answer.read(_MOST_BYTES))
    except HTTPError as error:
        with error:
            raise _told(error, error.read(_MOST_BYTES)) from None
    except (URLError, OSError) as error:
        why = getattr(error, "reason", error)
        raise ServiceUnreachable(f"nothing answers at {host_of(key.service)}: {why}") from None


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
