"""The URLs of other services: decisions about text."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from park.errors import UsageError
from park.model.file_names import in_url
from park.model.urls import DEFAULT_PORTS, bracketed
from park.wire import API

__all__ = ["file_path", "file_url", "job_path", "normalised"]


def normalised(url: str) -> str:
    """Return ``url`` as services are compared: two spellings of one URL become the same text.

    A token is sent to the service that it was given for, which this decides. Raises
    `UsageError` for what is no URL of a service.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"not the URL of a service: {url!r}") from error
    host = parts.hostname
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in DEFAULT_PORTS or not host or not is_plain:
        raise UsageError(
            f"not the URL of a service: {url!r}", hint="it is http(s)://host[:port][/path]"
        )
    netloc = bracketed(host)
    if port not in {None, DEFAULT_PORTS[parts.scheme]}:
        netloc = f"{netloc}:{port}"
    return urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))


def job_path(job: str) -> str:
    """Return the path of a job below the URL of its service."""
    return f"{API}/jobs/{quote(job, safe='')}"


def file_path(job: str, name: str) -> str:
    """Return the path of a file that a job left.

    Raises `UsageError` for a name that leads elsewhere: a client makes ``a/../b`` to ``b`` before
    it asks, and names come from other services.
    """
    if not {"", ".", ".."}.isdisjoint(name.split("/")):
        raise UsageError(f"no name of a file of a job: {name!r}")
    return f"{job_path(job)}/files/{in_url(name)}"


def file_url(service: str, job: str, name: str) -> str:
    """Return the URL of a file that a job of ``service`` left."""
    return f"{normalised(service)}{file_path(job, name)}"
