"""Answers that hold values of jobs: as JSON, by type and digit."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from park_server.json_pieces import fields_of, is_record, is_small, text_of
from park_server.threads import in_thread_of

__all__ = ["ExactJson", "written"]


class ExactJson(JSONResponse):
    """Records and data as JSON in ASCII: text with half a surrogate pair has no UTF-8.

    What FastAPI itself makes of a record stumbles over such text, and over data of more than
    255 levels; both may be in what jobs returned and reported. What is large is written when it
    is sent, in a thread.
    """

    def __init__(self, content: Any, status_code: int = 200, **said: Any) -> None:
        # FastAPI reads the default status from this signature
        self._unwritten = None if is_small(content) else content
        super().__init__(content if self._unwritten is None else None, status_code, **said)

    def render(self, content: Any) -> bytes:
        """Return the body of what is small."""
        text = json.dumps(content, allow_nan=False, separators=(",", ":"), default=fields_of)
        return text.encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        if self._unwritten is not None:
            user = str(scope.get("user", ""))
            self.body = await in_thread_of(user, written, self._unwritten)
            self.headers["content-length"] = str(len(self.body))
            self._unwritten = None
        await super().__call__(scope, receive, send)


def written(content: Any) -> bytes:
    """Return ``content`` as `ExactJson` sends it; what is large is written in a thread."""
    return text_of(_plain(content)).encode("ascii")


def _plain(value: Any) -> Any:
    """Return ``value`` with the fields of records in their place."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return _plain(fields_of(value)) if is_record(value) else value
