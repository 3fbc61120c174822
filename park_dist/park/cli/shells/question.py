"""A question to a service with the standard library alone, for who cannot wait for more."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from park.client.access.address import find_service
from park.model.urls import is_loopback

__all__ = ["asking"]

_MOST_BYTES = 8 << 20


class _Stay(HTTPRedirectHandler):
    """Follows nothing: the token is for this service alone."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Return None, which leaves the answer as it is."""


def asking(patience_s: float) -> Callable[..., Any]:
    """Return what asks a service for a path of its API; it gives JSON data, or raises.

    ``patience_s`` is for each step on the network.
    """
    return partial(_asked, patience_s)


def _asked(patience_s: float, service: str | None, path: str, **query: str | int) -> Any:
    address = find_service(service)
    url = f"{address.url}/api/v1{path}" + (f"?{urlencode(query)}" if query else "")
    token = address.bearer()
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = Request(url, headers=headers)  # noqa: S310 (`find_service` takes http and https)
    with _opener(url).open(request, timeout=patience_s) as answer:
        return json.loads(answer.read(_MOST_BYTES))


def _opener(url: str) -> OpenerDirector:
    # no proxy is the way to this machine itself
    direct = [ProxyHandler({})] if is_loopback(urlsplit(url).hostname) else []
    return build_opener(_Stay, *direct)
