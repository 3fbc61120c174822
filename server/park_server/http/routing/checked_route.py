"""Routes that refuse a document with keys that nobody knows, before it is made a record of."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from park.errors import UsageError
from park.runtime.levels import MOST_LEVELS
from park_server.http.routing.known_keys import is_of_this_release, record_in, require_known_keys
from park_server.json_pieces import LARGE_BYTES
from park_server.threads import in_thread_of

__all__ = ["CheckedRoute"]


class CheckedRoute(APIRoute):
    """A route whose body has the keys of its record alone; see `known_keys`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which looks at the keys first."""
        handler = super().get_route_handler()
        kind = record_in(self.endpoint)
        if kind is None:
            return handler

        async def handle(request: Request) -> Response:
            if is_of_this_release(request.scope):
                await _check(request, kind)
            return await handler(request)

        return handle


async def _check(request: Request, kind: Any) -> None:
    """Raise `RequestValidationError` for a key that ``kind`` has not; what is no JSON passes.

    Raises `UsageError` for what is nested so deep, or has an integer so long, that it cannot be
    read.
    """
    document: Any = None
    try:
        document = await request.json()
    except RecursionError:
        raise UsageError(
            f"the request is nested too deep to be read; values may have {MOST_LEVELS} levels",
            hint="send what is deeper as a file, or as an array",
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError):  # the handler says what it is
        return
    except ValueError:  # what Python says of an integer that is too long is no JSONDecodeError
        raise UsageError(
            f"the request has an integer of more than {sys.get_int_max_str_digits():,} digits",
            hint='in a value it may be said so: {"$park": "int", "hex": "…"}',
        ) from None
    if len(await request.body()) < LARGE_BYTES:
        require_known_keys(kind, document)
    else:
        user = str(request.scope.get("user", ""))
        await in_thread_of(user, require_known_keys, kind, document)
