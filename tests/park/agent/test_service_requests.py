"""`park.agent.service_requests`: what is asked of a service, and what is said where it fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from park.agent.keys import Key
from park.agent.service_requests import asked
from park.errors import (
    InsecureTransport,
    NotAuthenticated,
    ParkError,
    ServiceFault,
    ServiceUnreachable,
    UnknownItem,
)


@contextmanager
def service(status: int, body: bytes, **headers: str) -> Iterator[tuple[Key, list[str]]]:
    heard: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.append(f"{self.path} {self.headers['Authorization']} {text}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Key(service=f"http://127.0.0.1:{server.server_port}", token="t", since=0.0), heard
        finally:
            server.shutdown()
            thread.join()


def test_an_answer_is_returned_as_it_is() -> None:
    with service(200, b"{}") as (key, heard):
        assert asked(key, "PUT", "/x", {"a": 1}) == b"{}"
    assert heard == ['/x Bearer t {"a": 1}']


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, json.dumps(UnknownItem("no grant").as_problem()).encode(), UnknownItem),
        (401, b"<html>", NotAuthenticated),
        (403, b"[]", NotAuthenticated),
        (500, b"", ServiceFault),
    ],
)
def test_a_refusal_is_raised_as_it_is_meant(
    status: int, body: bytes, kind: type[ParkError]
) -> None:
    with service(status, body) as (key, _), pytest.raises(kind):
        asked(key, "PUT", "/x", {})


def test_a_redirect_is_not_followed() -> None:
    with service(200, b"stolen") as (thief, heard):
        away = {"Location": f"{thief.service}/x"}
        with service(307, b"", **away) as (key, _), pytest.raises(ServiceFault, match="307"):
            asked(key, "PUT", "/x", {})
    assert heard == []


def test_a_token_goes_nowhere_unprotected() -> None:
    key = Key(service="http://far.example", token="t", since=0.0)
    with pytest.raises(InsecureTransport):
        asked(key, "GET", "/x")


def test_nobody_there_is_said() -> None:
    with service(200, b"") as (key, _):
        pass
    with pytest.raises(ServiceUnreachable, match="nothing answers"):
        asked(key, "GET", "/x")
