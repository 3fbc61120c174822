"""How a connection to a service is opened: directly or through a proxy, by TLS or not."""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from copy import copy
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import SplitResult, unquote, urlsplit

from park.errors import UsageError

__all__ = ["Way", "proxy_for", "trusting"]

_HINT = (
    "set HTTP_PROXY, HTTPS_PROXY or ALL_PROXY to http://HOST:PORT, or add the service's host to "
    "NO_PROXY"
)


class Way:
    """The way to the service at ``url``, through ``proxy`` (a URL) where there is one.

    ``timeout_s`` bounds the opening of a connection.
    """

    def __init__(self, url: str, *, proxy: str | None, timeout_s: float) -> None:
        self._service = urlsplit(url)
        self._proxy = None if proxy is None else _checked(proxy)
        self._timeout_s = timeout_s
        if self._proxy is not None and self._service.scheme == self._proxy.scheme == "https":
            raise UsageError(
                f"no service by TLS is reached through {proxy}, which is one by TLS itself",
                hint=_HINT,
            )
        by_tls = "https" in {each.scheme for each in (self._service, self._proxy) if each}
        self._trust = trusting() if by_tls else None

    def within(self, timeout_s: float) -> Way:
        """Return the same way, for whoever has other seconds for the opening of a connection."""
        way = copy(self)
        way._timeout_s = timeout_s  # noqa: SLF001 (of its own kind)
        return way

    def target(self, path: str) -> str:
        """Return what a request names as its target: the whole URL for a proxy that reads it."""
        if self._proxy is None or self._service.scheme == "https":
            return path
        return f"{self._service.scheme}://{self._service.netloc}{path}"

    @property
    def headers(self) -> dict[str, str]:
        """What each request says to a proxy that reads it."""
        is_read = self._proxy is not None and self._service.scheme == "http"
        return _credentials(self._proxy) if is_read else {}

    def opened(self) -> HTTPConnection:
        """Return a connection to the service, which is open; raises OSError or HTTPException."""
        nearest = self._proxy or self._service
        if self._service.scheme == "https":
            connection = self._by_tls(nearest)
            if self._proxy is not None:
                host = str(self._service.hostname)
                connection.set_tunnel(host, self._service.port, _credentials(self._proxy))
        elif nearest.scheme == "https":
            connection = self._by_tls(nearest)
        else:
            host = str(nearest.hostname)
            connection = HTTPConnection(host, nearest.port, timeout=self._timeout_s)
        connection.connect()
        return connection

    def _by_tls(self, place: SplitResult) -> HTTPConnection:
        default = 80 if place.scheme == "http" else None  # of a proxy that opens a tunnel
        return HTTPSConnection(
            str(place.hostname), place.port or default, timeout=self._timeout_s, context=self._trust
        )


def _checked(proxy: str) -> SplitResult:
    """Return the parts of the URL of a proxy; raises `UsageError` for one of another kind."""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f"the proxy {parts.scheme}://{parts.hostname} is none of HTTP",
            hint=_HINT,
        )
    return parts


def _credentials(proxy: SplitResult | None) -> dict[str, str]:
    if proxy is None or proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment (or the system) names for ``url``, if any."""
    from urllib.request import getproxies, proxy_bypass  # only where a proxy can be meant

    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return None if proxy is None or proxy_bypass(parts.netloc.rpartition("@")[2]) else proxy


def trusting() -> ssl.SSLContext:
    """Return what trusts the authorities of SSL_CERT_FILE or SSL_CERT_DIR, else the system's."""
    if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context()  # OpenSSL itself reads the variables
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
