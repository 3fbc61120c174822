"""Connections of a service: none is held open by a client that says nothing.

uvicorn gives up on a client only between two requests. What comes before the first one, a
request whose headers never end, and a body that stops half-way would otherwise cost a
descriptor for as long as anybody likes, without any token.
"""

from __future__ import annotations

import asyncio
import resource

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["BODY_S", "HEAD_S", "PatientProtocol", "raise_descriptor_limit"]

HEAD_S = 20.0
"""From the connection, or the end of an answer, to the end of the next request's headers:
what Apache grants a slow client at first (``RequestReadTimeout header=20``)."""

BODY_S = 60.0
"""Between two pieces of a body, as nginx has it (``client_body_timeout``)."""

_MOST_DESCRIPTORS = 65_536
"""More serves nobody, and programs that jobs start may walk through all of them."""


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with a limit on silence."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._expect(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request; the limit is that of what is to come next."""
        super().data_received(data)
        if self.transport.is_closing():
            self._forget()
        elif self._is_between_requests():
            if self._timer is None:  # else what trickles in would put the end off
                self._expect(HEAD_S)
        elif self.cycle.more_body:
            self._expect(BODY_S)
        else:
            self._forget()

    def on_headers_complete(self) -> None:
        """Begin to answer; the head arrived in time."""
        self._forget()
        super().on_headers_complete()

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect(self, limit_s: float) -> None:
        self._forget()
        self._timer = self.loop.call_later(limit_s, self._give_up)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self.flow.read_paused and not self._is_between_requests():
            self._expect(BODY_S)  # it is we who do not read on
        elif self._is_between_requests() or self.cycle.more_body:
            # aborted: a client that does not read would hold a close up, too
            self.transport.abort()


def raise_descriptor_limit() -> int:
    """Let this process have as many descriptors as it may; return how many that is.

    The soft limit is often 1,024, which is as many as the clients that wait for news.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted: int = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else hard
    wanted = max(soft, min(wanted, _MOST_DESCRIPTORS)) if soft != resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
