"""Answers that are no JSON, by their media types: what the OpenAPI document says of a route."""

from __future__ import annotations

from starlette.responses import Response

__all__ = ["AnyFile", "EventStream", "Exposition", "Octets", "Toml"]


class AnyFile(Response):
    """A file of a user's, of whatever type its name says."""

    media_type = "*/*"


class EventStream(Response):
    """Server-sent events."""

    media_type = "text/event-stream"


class Exposition(Response):
    """Metrics in the text format of Prometheus."""

    media_type = "text/plain"


class Octets(Response):
    """Bytes, of which nothing more is known."""

    media_type = "application/octet-stream"


class Toml(Response):
    """TOML: a lock, say."""

    media_type = "application/toml"
