"""Why a service did not start, in words: uvicorn would print a traceback, and end."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from park.errors import CannotSatisfy
from park_server.disk import is_of_disk, line_of_disk

__all__ = ["StartFailure"]


class StartFailure:
    """ASGI around a whole application; keeps what its start raised, and says nothing of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._error: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass requests on, and watch the start."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        is_begun = False

        async def watched(message: Message) -> None:
            nonlocal is_begun
            is_begun = is_begun or message["type"] == "lifespan.startup.complete"
            failed = message["type"] == "lifespan.startup.failed"
            await send({"type": message["type"]} if failed else message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if not is_begun:
                self._error = error
            raise

    def tell(self) -> None:
        """Raise what the start raised, if it did.

        `CannotSatisfy` for what a disk or a database refused.
        """
        if self._error is None:
            return
        if is_of_disk(self._error):
            raise CannotSatisfy(
                f"the service cannot start: {line_of_disk(self._error)}",
                hint="its home and its database must be there, with room (df, df -i), and its"
                " operator must be able to write to them",
            ) from self._error
        raise self._error
