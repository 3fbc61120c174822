"""URLs of services and of what they fetch: decisions about text."""

from __future__ import annotations

from types import MappingProxyType
from urllib.parse import urlsplit, urlunsplit

__all__ = [
    "DEFAULT_PORTS",
    "bracketed",
    "host_of",
    "is_loopback",
    "is_protected",
    "origin_of",
    "plain_service",
    "without_credentials",
]

DEFAULT_PORTS = MappingProxyType({"http": 80, "https": 443})
"""The port that a URL without one means, by its scheme; other schemes are none of ours."""

_USUAL_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


def host_of(url: str) -> str:
    """Return the part of a service's URL that people know it by."""
    return urlsplit(url).netloc or url


def without_credentials(url: str) -> str:
    """Return ``url`` as it may be shown: without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def bracketed(host: str) -> str:
    """Return ``host`` as it stands before a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str | None) -> bool:
    """Tell whether ``host``, a name or address, is this machine whatever its name service says."""
    if host is None or host in _USUAL_LOOPBACK:
        return host is not None
    from ipaddress import ip_address  # every command asks, and hardly one of another host

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_protected(url: str) -> bool:
    """Tell whether nobody else can read what is sent to ``url``: by TLS, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname)


def origin_of(url: str) -> str:
    """Return ``scheme://host:port`` of a URL, with the port that it means."""
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{bracketed(str(parts.hostname))}:{port}"


def plain_service(url: str) -> str:
    """Return the URL of a service in the one spelling by which it is compared.

    >>> plain_service("HTTPS://Lab.example:443/park/"), plain_service("http://[::1]:80")
    ('https://lab.example/park', 'http://[::1]')
    """
    parts = urlsplit(url)
    host = bracketed(parts.hostname or "")
    is_usual = parts.port is None or parts.port == DEFAULT_PORTS.get(parts.scheme)
    netloc = host if is_usual else f"{host}:{parts.port}"
    return urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
