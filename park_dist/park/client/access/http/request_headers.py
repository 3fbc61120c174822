"""What each request says of itself: which API it speaks, and an id by which it is known again."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from http.client import HTTPMessage

from park.errors import ApiMismatch
from park.wire.api_version import HEADER, HERE, said, strangers

__all__ = ["marks", "require_understood"]

_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")
"""The variable that tools of OpenTelemetry hand on, as the header of W3C Trace Context."""

_OURS = str(HERE)


def marks(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the headers of a request.

    Its id is that of the trace, or of the request that made the job, in which this process
    runs; else one of its own.
    """
    trace = _TRACE.fullmatch(environ.get("TRACEPARENT", ""))
    inherited = trace[1] if trace else environ.get("PARK_REQUEST_ID")
    return {HEADER: _OURS, "X-Request-Id": inherited or os.urandom(16).hex()}


def require_understood(headers: Mapping[str, str] | HTTPMessage) -> None:
    """Raise `ApiMismatch` for the answer of a service that speaks another API than we do."""
    text = headers.get(HEADER.lower())
    if text is None or text == _OURS:
        return
    service = said(text)
    if service is not None and (found := strangers(HERE, service)) is not None:
        raise ApiMismatch(found[0], hint=found[1])
