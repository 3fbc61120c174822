"""A token in place of one that ends, from a service that answers as it likes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from park.agent.keys import Key
from park.agent.messages import Token
from park.agent.refreshing import moment, refreshed_token, token_of
from park.errors import InsecureTransport, NotAuthenticated, ServiceFault, ServiceUnreachable

RECORD = {
    "token": "new", "expires_at": "2026-11-27T10:00:00+00:00", "user": "ada", "id": "7",
    "renewable_until": "2026-12-27T10:00:00Z",
}  # fmt: skip


@contextmanager
def service(status: int, body: object, **headers: str) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/park", asked
        finally:
            server.shutdown()
            thread.join()


def key(url: str) -> Key:
    return Key(service=url, token="old", since=0.0)


def test_the_old_token_is_exchanged_for_a_new_one() -> None:
    with service(200, RECORD) as (url, asked):
        token, renewable_until = refreshed_token(key(url))
    assert asked == ["/park/api/v1/tokens/refresh Bearer old"]
    assert token == Token(
        token="new", expires=moment("2026-11-27T10:00:00+00:00"), user="ada", id="7"
    )
    assert renewable_until == moment("2026-12-27T10:00:00+00:00")


def test_what_the_service_says_is_told() -> None:
    problem = {"type": "urn:park:problem:not-authenticated", "detail": "it was revoked"}
    with service(401, problem) as (url, _), pytest.raises(NotAuthenticated, match="was revoked"):
        refreshed_token(key(url))
    with service(403, b"no") as (url, _), pytest.raises(NotAuthenticated, match="403"):
        refreshed_token(key(url))
    with service(500, b"oh") as (url, _), pytest.raises(ServiceFault, match="500"):
        refreshed_token(key(url))
    bodies: list[object] = [b"<html>", [], {"token": "x", "expires_at": "soon"}]
    for body in bodies:
        with service(200, body) as (url, _), pytest.raises(ServiceFault, match="no token"):
            refreshed_token(key(url))


def test_it_goes_to_nobody_else() -> None:
    with (
        service(200, RECORD) as (elsewhere, asked),
        service(307, b"", Location=f"{elsewhere}/x") as (url, _),
        pytest.raises(ServiceFault, match="307"),
    ):
        refreshed_token(key(url))
    assert asked == []


def test_nor_over_a_network_by_plain_http() -> None:
    with pytest.raises(InsecureTransport):
        refreshed_token(key("http://lab.example"))


def test_a_service_that_is_away_is_told() -> None:
    with service(200, RECORD) as (url, _):
        pass
    with pytest.raises(ServiceUnreachable, match="nothing answers at 127"):
        refreshed_token(key(url))


def test_no_token_is_in_what_is_raised() -> None:
    for text in (b'{"token": "park_marked", "expires_at": 7}', b'{"token": "park_marked"'):
        with pytest.raises(ServiceFault) as caught:
            token_of(text)
        assert "marked" not in f"{caught.value}{caught.value.__cause__}"
