"""Whether a service is still there that may take long to answer: asked beside, once a second.

A process that is stopped, or a machine that hangs, keeps its connections: a request that waits for
news looks just as when there are none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from park.client.access.http.readable import readable
from park.lasting_step import SILENCE_S

if TYPE_CHECKING:
    import socket

    from park.client.access.http.way import Way

__all__ = ["BEAT_S", "PROBE", "Pulse"]

PROBE = "/health"
"""It takes no token and looks at nothing: a third of a millisecond of the service's processor."""

BEAT_S = SILENCE_S
"""Between an answer and the next question."""


class Pulse:
    """Asks for ``target`` by ``way`` while somebody waits, and tells whether that is answered.

    ``is_heard`` tells whether anybody hears what is told: nobody else's service is asked.
    ``told`` is called with whether the service answers, each time that this is another than before.
    """

    def __init__(
        self,
        way: Way,
        target: str,
        *,
        is_heard: Callable[[], bool],
        told: Callable[[bool], object],
        beat_s: float = BEAT_S,
    ) -> None:
        self._way = way.within(beat_s)
        self._target = target
        self._is_heard = is_heard
        self._told = told
        self._beat_s = beat_s

    def felt_until(self, answer: socket.socket, within_s: float) -> bool:
        """Wait for ``answer``, for so many seconds at the most; return whether it has begun."""
        ends, beat, is_there = time.monotonic() + within_s, _Beat(self._way, self._target), True
        try:
            while (left := ends - time.monotonic()) > 0:
                if readable([answer], min(left, self._beat_s)):
                    return True
                if left <= self._beat_s or not self._is_heard():
                    continue
                beat.ask()
                if beat.has_come_beside(answer, self._beat_s) is not is_there:
                    is_there = not is_there
                    self._told(is_there)
            return False
        finally:
            beat.close()


class _Beat:
    """A question and its answer, on a connection that stays open for the next one."""

    def __init__(self, way: Way, target: str) -> None:
        self._way = way
        self._target = target
        self._connection: HTTPConnection | None = None
        self._is_asked = False

    def ask(self) -> None:
        """Ask, where the last question is answered; one that cannot be sent gets no answer."""
        if self._is_asked:
            return
        said = {"User-Agent": "park", **self._way.headers}
        try:
            if self._connection is None:
                self._connection = self._way.opened()
            self._connection.request("GET", self._way.target(self._target), None, said)
            self._is_asked = True
        except (OSError, HTTPException):
            self.close()

    def has_come_beside(self, other: socket.socket, within_s: float) -> bool:
        """Wait until it is answered, or there is something on ``other``; tell whether."""
        connection = self._connection
        if connection is None:
            return bool(readable([other], within_s))
        found = readable([other, connection.sock], within_s)
        return self._is_read(connection) if connection.sock in found else bool(found)

    def _is_read(self, connection: HTTPConnection) -> bool:
        """Read the answer, whatever it says; False of a connection that ended."""
        self._is_asked = False
        try:
            connection.getresponse().read()
        except (OSError, HTTPException):
            self.close()
            return False
        return True

    def close(self) -> None:
        """Have no connection."""
        self._is_asked = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None
