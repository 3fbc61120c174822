"""The token of a service in the requests to it, looked up for each and sent nowhere else."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

import httpx2

from park.client.access.authorization import authorization
from park.model.urls import origin_of

if TYPE_CHECKING:
    from park.client.access.address import Address

__all__ = ["Bearer"]


class Bearer(httpx2.Auth):
    """What gives each request the token of ``address``.

    Raises `InsecureTransport` where it could be read on the way.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._origin = origin_of(address.url)

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Send the request, with the token where it goes to its service."""
        if origin_of(str(request.url)) != self._origin:
            yield request
            return
        sent = authorization(self._address)
        request.headers.update(sent)
        response = yield request
        again = self._again(request, response, sent)
        if again is not None:
            request.headers["Authorization"] = f"Bearer {again}"
            yield request

    def _again(
        self, request: httpx2.Request, response: httpx2.Response, sent: Mapping[str, str]
    ) -> str | None:
        """Return the token to try again with: one that was refreshed for another session."""
        login = self._address.login
        if response.status_code != httpx2.codes.UNAUTHORIZED or login is None:
            return None
        is_there_still = isinstance(request.stream, httpx2.ByteStream)
        refused = sent.get("Authorization", "").removeprefix("Bearer ")
        return login.renewed(refused) if is_there_still else None
