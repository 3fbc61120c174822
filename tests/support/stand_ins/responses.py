"""Answers of a service that was never asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from park.client.access.http.exchange import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["responded"]


def responded(
    status: int, content: bytes = b"", headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer of ``http://one.example/x``."""
    return Response(
        url="http://one.example/x", status_code=status, headers=headers or {}, content=content
    )
