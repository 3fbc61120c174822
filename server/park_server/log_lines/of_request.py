"""Which request something is done for: its id is with what is logged meanwhile."""

from __future__ import annotations

import os
import re
from contextvars import ContextVar

__all__ = ["REQUEST", "request_id"]

REQUEST: ContextVar[str | None] = ContextVar("park_request", default=None)

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")


def request_id(said: str | None, traceparent: str | None) -> str:
    """Return the id of a request: as its client says it, that of its trace, or a new one.

    ``traceparent`` is the header of W3C Trace Context. What has other characters than ids have
    is not taken into logs and environments.
    """
    if said is not None and _ID.fullmatch(said):
        return said
    trace = _TRACE.fullmatch(traceparent or "")
    return trace[1] if trace else os.urandom(16).hex()
