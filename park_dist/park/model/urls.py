"""URLs of services, as people know them: decisions about text."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["host_of"]


def host_of(url: str) -> str:
    """Return the part of a service's URL that people know it by."""
    return urlsplit(url).netloc or url
