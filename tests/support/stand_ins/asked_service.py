"""A service that answers from a table, over HTTP, as the processes of a shell ask it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

__all__ = ["asked_service"]


@contextmanager
def asked_service(
    answers: Mapping[str, Any], *, held: threading.Event | None = None
) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Give the URL of a service with these ``answers`` by path, and what it was asked.

    That is each path, with its ``Authorization``. While ``held`` is not set it answers nothing.
    """
    asked: list[tuple[str, str | None]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            if held is not None:
                held.wait()
            path = urlsplit(self.path).path
            self.send_response(200 if path in answers else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answers.get(path)).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            if held is not None:
                held.set()
            server.shutdown()
            thread.join()
