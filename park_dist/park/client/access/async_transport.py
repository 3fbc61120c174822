"""HTTP to one service from an event loop: for those who wait for much at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from park.client.access.answers import (
    ANSWER_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    checked,
    explained,
    json_of,
    reached,
    sendable,
)
from park.client.access.bearer import Bearer
from park.client.access.http.exchange import NoAnswer, Response
from park.client.access.http.pulse import PROBE
from park.client.access.http.request_headers import marks
from park.client.access.told_silence import Silence
from park.lasting_step import SILENCE_S
from park.model.urls import is_loopback

if TYPE_CHECKING:
    from park.client.access.address import Address

__all__ = ["AsyncTransport"]


class AsyncTransport:
    """Requests to one service from an event loop; cancelling a task ends its request.

    Who tries again tells `silence` how that goes.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.silence = Silence(address.url)
        self._client = httpx2.AsyncClient(**_settings(address))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def json(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request once; return the JSON of its answer, or raise what it describes."""
        with explained(self.address):
            answer = reached(await self._sent(method, path, **sendable(arguments)))
        return json_of(self.address, path, checked(self.address, answer))

    async def beat(self) -> None:
        """Ask whether the service is there, and tell `silence` where that is not answered."""
        asked = asyncio.ensure_future(self._client.get(PROBE))
        try:
            if not (await asyncio.wait({asked}, timeout=SILENCE_S))[0]:
                self.silence.lasts()
            await asked
        except httpx2.TransportError:  # what waits hears why, and tells it
            return
        finally:
            asked.cancel()
        self.silence.answered()

    async def _sent(self, method: str, path: str, **arguments: Any) -> Response:
        try:
            said = {**marks(), **arguments.pop("headers", {})}
            answer = await self._client.request(method, path, headers=said, **arguments)
        except httpx2.TransportError as error:
            raise NoAnswer(str(error) or type(error).__name__) from None
        return Response(
            url=str(answer.url),
            status_code=answer.status_code,
            headers=answer.headers,
            content=answer.content,
        )


def _settings(address: Address) -> dict[str, Any]:
    """Return what a client of the service at ``address`` is made with."""
    is_tls = address.url.startswith("https:")
    return {
        "base_url": address.url,
        "auth": Bearer(address),
        "timeout": httpx2.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        "trust_env": not is_loopback(urlsplit(address.url).hostname),
        # authorities as SSL_CERT_FILE names them, on this machine too; plain HTTP needs no
        # certificates, whose reading takes some 20 ms of each start
        "verify": httpx2.create_ssl_context() if is_tls else False,
    }
