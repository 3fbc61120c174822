"""Connections of a service: none is held open by a client that says nothing, nor all of them.

uvicorn gives up on a client only between two requests. What comes before the first one, a
request whose headers never end, and a body that stops half-way would otherwise cost a
descriptor for as long as anybody likes, without any token. Where there are as many connections
as may be, the one that has waited longest for a request goes in favour of a new one.
"""

from __future__ import annotations

import asyncio
import sys
from functools import cached_property
from http import HTTPStatus
from weakref import WeakKeyDictionary

from httptools import HttpParserInvalidMethodError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from park_server.quotas.descriptors import most_connections

__all__ = ["BODY_S", "HEAD_S", "PatientProtocol"]

HEAD_S = 20.0
"""From the connection, or the end of an answer, to the end of the next request's headers:
what Apache grants a slow client at first (``RequestReadTimeout header=20``)."""

BODY_S = 60.0
"""Between two pieces of a body, as nginx has it (``client_body_timeout``)."""

_UNKNOWN = HTTPStatus.NOT_IMPLEMENTED


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with a limit on silence, and one on connections."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request; where there are too many connections, one of them goes."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            self._make_room()
        if not transport.is_closing():
            self._expect_head()

    def _make_room(self) -> None:
        """End the connection that has waited longest for a request; this one where none waits."""
        waiting = self._waiting
        longest = next(iter(waiting), self)
        waiting.pop(longest, None)
        # it counts until the loop has closed it
        self.connections.discard(longest)
        longest.transport.abort()

    @cached_property
    def _waiting(self) -> dict[PatientProtocol, None]:
        """The connections of this server that wait for a request, the longest first."""
        return _waiting_of.setdefault(self.server_state, {})

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
                self._expect_head()
        elif self.cycle.more_body:
            self._expect(BODY_S)
        else:
            self._forget()

    def on_headers_complete(self) -> None:
        """Begin to answer; the head arrived in time."""
        self._forget()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request; a method that nobody has heard of is told by its own status.

        RFC 9110, 9.1: 501, as for whatever else a server does not know at all.
        """
        if not isinstance(sys.exception(), HttpParserInvalidMethodError):
            super().send_400_response(msg)
            return
        said = b"This method is not known here."
        self.transport.write(
            b"HTTP/1.1 %d %s\r\n" % (_UNKNOWN, _UNKNOWN.phrase.encode())
            + b"content-type: text/plain; charset=utf-8\r\n"
            + b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(said), said)
        )
        self.transport.close()

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect_head(self) -> None:
        self._expect(HEAD_S)
        self._waiting[self] = None

    def _expect(self, limit_s: float) -> None:
        self._forget()
        self._timer = self.loop.call_later(limit_s, self._give_up)

    def _forget(self) -> None:
        self._waiting.pop(self, None)
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


_waiting_of: WeakKeyDictionary[ServerState, dict[PatientProtocol, None]] = WeakKeyDictionary()
