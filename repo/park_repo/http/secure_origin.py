"""Whether what a URL gives is safe from who is on the way to it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["is_secure"]


def is_secure(url: str) -> bool:
    """Tell a URL of a secure origin, in the words of the W3C a potentially trustworthy one.

    >>> is_secure("https://lab.example/park/"), is_secure("http://[::1]:8750/")
    (True, True)
    >>> is_secure("http://lab.example/")
    False
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))


def _is_this_machine(host: str) -> bool:
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
