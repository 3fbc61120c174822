"""JSON lines over a non-blocking socket: one end of what service and fork server say."""

from __future__ import annotations

import json
import socket
from typing import Any

__all__ = ["LineSocket"]

_CHUNK_BYTES = 65_536
_LINE_BYTES = 16 * 1024 * 1024
"""No line is longer: an order holds names and variables, never data."""


class LineSocket:
    """Lines in, lines out. Whoever does not read keeps nobody waiting: output is queued."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._held = bytearray()

    @property
    def has_output(self) -> bool:
        """Whether lines wait for the other end to read."""
        return bool(self._outgoing)

    def receive(self) -> list[dict[str, Any]] | None:
        """Return the lines that have arrived; None where the other end is gone."""
        try:
            data = self.connection.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            return None
        self._incoming += data
        if not data or len(self._incoming) > _LINE_BYTES:
            return None
        *lines, rest = self._incoming.split(b"\n")
        self._incoming = bytearray(rest)
        # decoded here: of bytes it would look at the first few to tell what they are
        return [json.loads(line.decode()) for line in lines]

    @property
    def holds(self) -> bool:
        """Whether lines wait for another one, or for `flush`."""
        return bool(self._held)

    def hold(self, message: dict[str, Any]) -> None:
        """Keep a line until another is sent: whoever hears both wakes once."""
        self._held += json.dumps(message).encode() + b"\n"

    def send(self, message: dict[str, Any]) -> bool:
        """Queue a line and send what the other end takes now; False where it is gone."""
        self.hold(message)
        return self.flush()

    def flush(self) -> bool:
        """Send what the other end takes now; False where it is gone."""
        self._outgoing += self._held
        self._held.clear()
        try:
            while self._outgoing:
                sent = self.connection.send(self._outgoing)
                del self._outgoing[:sent]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close the socket."""
        self.connection.close()
