"""``python -m park_server.folder_index.pypiserver_child``: pypiserver on a folder, for a service.

The order is a line of JSON on stdin: ``folder``, ``user``, ``password``, and the ``port`` of an
earlier life or 0. The port is told on stdout. It ends when stdin does, so that it outlives no
service, however that ends. pypiserver's own command cannot say on which free port it listens,
takes passwords from a file alone, and needs libraries for that which do not work together any more.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pypiserver  # type: ignore[import-not-found, import-untyped, unused-ignore]  # no types

__all__ = ["main"]


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each request: a large file that is read holds up no page."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    """Says nothing of requests: the service has its own log."""

    def log_message(self, *_: object) -> None:
        """Do not."""

    def address_string(self) -> str:
        """Return the address as it is: a name service may be away."""
        return str(self.client_address[0])


def main() -> int:
    """Serve until the end of stdin."""
    order = json.loads(sys.stdin.readline())
    app = _application(order["folder"], order["user"], order["password"])
    with make_server("127.0.0.1", order["port"], app, _Server, _Quiet) as server:
        print(server.server_port, flush=True)  # noqa: T201 (the service reads it)
        threading.Thread(target=_end_with_stdin, daemon=True).start()
        server.serve_forever()
    return 0


def _application(folder: str, user: str, password: str) -> Any:
    def is_the_service(name: str, word: str) -> bool:
        given, expected = f"{name}:{word}".encode(), f"{user}:{password}".encode()
        return secrets.compare_digest(given, expected)

    return pypiserver.app(
        roots=[folder],
        authenticate=["list", "download", "update"],
        auther=is_the_service,
        hash_algo="sha256",
        disable_fallback=True,  # what it does not have is not there: the upstream is the service's
        overwrite=False,
    )


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
