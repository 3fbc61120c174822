"""The login of the API: a token as a bearer has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Bearer"]


class Bearer(httpx2.Auth):
    """Sends ``token`` along."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Send the request with it."""
        request.headers["Authorization"] = self._header
        yield request
