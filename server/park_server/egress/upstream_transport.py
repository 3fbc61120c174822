"""The way to an index that the operator named, and from there no further than anybody may go.

The operator's word is for one origin: scheme, host and port. What its pages and its redirects
lead to besides follows the policy for addresses, as every URL that is not the operator's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from park_server.egress.addresses import AddressPolicy
from park_server.egress.guarded_transport import GuardedTransport

__all__ = ["UpstreamTransport", "index_client"]

_Origin = tuple[str, str, int | None]

_PORTS = {"http": 80, "https": 443}

_FILES_OF = {
    "pypi.org": "https://files.pythonhosted.org",
    "test.pypi.org": "https://test-files.pythonhosted.org",
}
"""Where these keep their files, as their pages say; whoever names the one means the other."""

_TIMEOUT = httpx2.Timeout(30.0, connect=10.0)


class UpstreamTransport(httpx2.AsyncBaseTransport):
    """Connections to the origins of ``urls`` as the machine is set up, and others by ``policy``.

    To its own origins, and to hosts that ``policy`` names, it goes through the proxy of the
    environment if there is one: the operator named both. Any other goes directly, where its
    address can be looked at.
    """

    def __init__(self, urls: Iterable[str], policy: AddressPolicy) -> None:
        self._policy = policy
        self._own = {_origin(url) for url in urls}
        self._own |= {_origin(_FILES_OF[host]) for _, host, _ in self._own if host in _FILES_OF}
        self._open: dict[_Origin, httpx2.AsyncHTTPTransport] = {}
        self._guarded = GuardedTransport(policy)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send ``request``; raises `NotPermitted` for an address that may not be reached."""
        transport = await self._for(str(request.url))
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        for transport in (*self._open.values(), self._guarded):
            await transport.aclose()

    async def _for(self, url: str) -> httpx2.AsyncBaseTransport:
        origin = _origin(url)
        if origin not in self._own and not self._policy.names(origin[1], origin[2] or 0):
            return self._guarded
        if origin not in self._open:
            # it reads the machine's authorities, which takes 60 ms of a processor
            made = await asyncio.to_thread(httpx2.AsyncHTTPTransport, proxy=_proxy_for(origin))
            self._open.setdefault(origin, made)  # one that comes late has no connections to close
        return self._open[origin]


def index_client(policy: AddressPolicy, *urls: str) -> httpx2.AsyncClient:
    """Return a client for the index at ``urls``: of its pages, and of uploads."""
    return httpx2.AsyncClient(
        transport=UpstreamTransport(urls, policy), timeout=_TIMEOUT, follow_redirects=True
    )


def _origin(url: str) -> _Origin:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme)


def _proxy_for(origin: _Origin) -> str | None:
    """Return the proxy that the environment has for ``origin``."""
    scheme, host, _ = origin
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    if found is None or proxy_bypass(host):
        return None
    return found if "://" in found else f"http://{found}"
