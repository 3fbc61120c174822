"""A service as far as logins go: passwords, tokens that end and are refreshed, and revoked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["LoginService", "login_service"]


@dataclass
class LoginService:
    """Where it is, whom it knows, and what it was asked.

    ``valid`` are the tokens that it takes; ``lasts`` is for how long a new one is one.
    """

    url: str = ""
    passwords: dict[str, str] = field(default_factory=lambda: {"ada": "hunter2"})
    lasts: timedelta = timedelta(hours=12)
    knows_logins: bool = True
    valid: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    made: int = 0

    def new_token(self) -> str:
        """Return a token that it takes from now on."""
        self.made += 1
        token = f"park_marked_secret_{self.made}"
        self.valid.add(token)
        return token

    def answer(self, method: str, path: str, token: str | None, body: Any) -> tuple[int, Any]:
        """Return status and document of an answer."""
        self.asked.append((method, path, token))
        if path == "/api/v1/login" and self.knows_logins:
            if self.passwords.get(body["user"]) != body["password"]:
                return 401, problem("not-authenticated", "user or password is wrong")
            return 200, self._record()
        if token not in self.valid:
            return 401, problem("not-authenticated", "this service answers nothing without a token")
        document = self._opened(method, path, str(token))
        if document is None:
            return 404, problem("unknown-item", f"nothing at {path} on this service")
        return 200, document

    def _opened(self, method: str, path: str, token: str) -> dict[str, Any] | None:
        if path == "/api/v1":
            return ABOUT
        if path == "/api/v1/whoami" and self.knows_logins:
            return self._who()
        if path == "/api/v1/tokens/refresh":
            self.valid.discard(token)
            return self._record()
        if method == "DELETE" and path.startswith("/api/v1/tokens/"):
            self.valid.discard(token)
            return {}
        return None

    def _record(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        return {
            "token": self.new_token(),
            "expires_at": (now + self.lasts).isoformat(),
            "user": "ada",
            "id": str(self.made),
            "renewable_until": (now + timedelta(days=30)).isoformat(),
        }

    def _who(self) -> dict[str, Any]:
        return {
            "user": "ada",
            "roles": ["submit"],
            "groups": [],
            "kind": "user",
            "audience": "service",
            "id": "7",
            "expires_at": None,
            "renewable_until": None,
        }


ABOUT: dict[str, Any] = {
    "version": "0.1.0",
    "user": "ada",
    "pythons": ["3.11"],
    "upstream": None,
    "platforms": {},
    "index_url": "x",
    "trees_url": "x",
    "upload_url": "x",
    "builds": False,
    "environments": "overlay",
    "no_overlay": None,
}


def problem(kind: str, detail: str) -> dict[str, Any]:
    """Return a problem document."""
    return {"type": f"urn:park:problem:{kind}", "detail": detail}


@contextmanager
def login_service(**said: Any) -> Iterator[LoginService]:
    """Run such a service."""
    service = LoginService(**said)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size) or b"null")
            scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
            given = token if scheme == "Bearer" else None
            status, document = service.answer(self.command, self.path, given, body)
            self.send_response(status)
            kind = "application/json" if status == 200 else "application/problem+json"
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 (http.server's names)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
