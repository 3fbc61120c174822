"""A real server that answers what a test writes, byte by byte, and notes what it is asked."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from support.session.limits import LIMIT_S

__all__ = ["Asked", "Script", "ScriptedServer", "answer", "scripted_server"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request: its first line, its headers in small letters, its body, and who sent it."""

    line: str
    headers: dict[str, str]
    body: bytes
    sender: tuple[str, int]


Script = Callable[[Asked], bytes | None]
"""What is sent to each request; None: the connection is closed without a word."""


def answer(body: bytes = b"", *, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return an answer, whose Content-Length may be a lie."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n\r\n".encode() + body


@dataclass(kw_only=True)
class ScriptedServer:
    """Where it is, what it was asked so far, and whether it hangs up after each answer."""

    port: int
    asked: list[Asked] = field(default_factory=list)
    hangs_up: bool = False

    @property
    def url(self) -> str:
        """Its URL on this machine."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def scripted_server(script: Script) -> Iterator[ScriptedServer]:
    """Serve what ``script`` says, a thread for each connection; all have ended at the end."""
    open_ones: set[socket.socket] = set()

    class Handler(socketserver.StreamRequestHandler):
        timeout = LIMIT_S

        def handle(self) -> None:
            open_ones.add(self.connection)
            while (asked := _read(self)) is not None:
                server.asked.append(asked)
                told = script(asked)
                if told is not None:
                    self.wfile.write(told)
                if told is None or server.hangs_up:
                    return

        def finish(self) -> None:
            open_ones.discard(self.connection)
            super().finish()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = False
        server = ScriptedServer(port=listening.server_address[1])
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
            for each in list(open_ones):
                with suppress(OSError):  # the other side was faster
                    each.shutdown(socket.SHUT_RDWR)


def _read(handler: socketserver.StreamRequestHandler) -> Asked | None:
    """Read a request; None where the client has hung up."""
    try:
        line = handler.rfile.readline().decode().strip()
        headers: dict[str, str] = {}
        while line and (header := handler.rfile.readline().decode().strip()):
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = handler.rfile.read(int(headers.get("content-length", 0)))
    except OSError:
        return None
    if not line:
        return None
    return Asked(line=line, headers=headers, body=body, sender=handler.client_address)
