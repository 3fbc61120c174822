"""Requests over connections that stay open, and what becomes of those that break."""

from __future__ import annotations

import gzip
import threading
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, cast

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.scripted_server import Asked, ScriptedServer, answer, scripted_server

from park.client.access.http import exchange
from park.client.access.http.exchange import HttpClient, NoAnswer, target_of
from park.client.access.http.pulse import Pulse
from park.client.access.http.way import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def client_of(server: ScriptedServer, prefix: str = "") -> Iterator[HttpClient]:
    way = Way(server.url, proxy=None, timeout_s=LIMIT_S)
    client = HttpClient(
        f"{server.url}{prefix}", way, headers=lambda: {"X-Told": "each"}, answer_s=LIMIT_S
    )
    yield client
    client.close()


@contextmanager
def talking(script: Callable[[Asked], bytes | None]) -> Iterator[tuple[ScriptedServer, HttpClient]]:
    with scripted_server(script) as server, client_of(server) as client:
        yield server, client


def test_a_request_says_what_it_is_told_and_what_each_says() -> None:
    with scripted_server(lambda _: answer(b'{"a": 1}')) as server:
        with client_of(server, "/lab") as client:
            got = client.request(
                "POST", "/x", params={"n": [1, 2]}, headers={"X-Own": "1"}, content=b"body"
            )
        assert (got.status_code, got.json(), got.text) == (200, {"a": 1}, '{"a": 1}')
        (asked,) = server.asked
    assert (asked.line, asked.body) == ("POST /lab/x?n=1&n=2 HTTP/1.1", b"body")
    assert asked.headers["x-told"] == "each"
    assert asked.headers["x-own"] == "1"
    assert asked.headers["user-agent"] == "park"


def test_large_pages_come_packed_and_are_unpacked_once() -> None:
    packed = gzip.compress(b"page")
    told = answer(packed).replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n", 1)
    with talking(lambda _: told) as (server, client):
        assert client.request("GET", "/").content == b"page"
        with client.stream("GET", "/") as streamed:  # a file is what it is
            assert b"".join(streamed.blocks()) == packed
        accepted = [asked.headers["accept-encoding"] for asked in server.asked]
    assert accepted == ["gzip", "identity"]
    with (
        talking(lambda _: told.replace(packed[:4], b"none")) as (_, client),
        pytest.raises(NoAnswer, match="no gzip"),
    ):
        client.request("GET", "/")


def test_requests_in_turn_share_a_connection() -> None:
    with talking(lambda _: answer(b"{}")) as (server, client):
        for _ in range(3):
            client.request("GET", "/")
        assert len({asked.sender for asked in server.asked}) == 1


def test_requests_at_once_have_a_connection_each() -> None:
    both_are_there = threading.Barrier(2, timeout=LIMIT_S)

    def script(_: Asked) -> bytes:
        both_are_there.wait()
        return answer()

    with talking(script) as (server, client):
        other = threading.Thread(target=client.request, args=("GET", "/"))
        other.start()
        client.request("GET", "/")
        other.join()
        assert len({asked.sender for asked in server.asked}) == 2


def test_a_connection_that_the_service_has_closed_is_not_used_again() -> None:
    with talking(lambda _: answer()) as (server, client):
        server.hangs_up = True
        client.request("GET", "/")
        (idle,) = client._idle
        began = time.monotonic()
        while not exchange._is_over(idle.sock):
            assert time.monotonic() - began < LIMIT_S
        assert client.request("GET", "/").status_code == 200
        assert len({asked.sender for asked in server.asked}) == 2


@pytest.mark.parametrize("told", [None, answer(b"abc", length=9), b"HTTP/1.1 what\r\n\r\n"])
def test_an_answer_that_breaks_off_is_none(told: bytes | None) -> None:
    with talking(lambda _: told) as (server, client):
        server.hangs_up = True
        with pytest.raises(NoAnswer):
            client.request("GET", "/")


def test_a_body_that_breaks_off_is_told_to_who_reads_it_in_blocks() -> None:
    with talking(lambda _: answer(b"abc", length=9)) as (server, client):
        server.hangs_up = True
        got: list[bytes] = []
        with (
            pytest.raises(NoAnswer, match="6 bytes early"),
            client.stream("GET", "/") as streamed,
        ):
            got.extend(streamed.blocks())
        assert got == [b"abc"]


def test_a_body_that_nobody_read_is_not_taken_for_the_next_answer() -> None:
    with talking(lambda _: answer(b"abc")) as (server, client):
        with client.stream("GET", "/") as streamed:
            assert streamed.head().content == b""
        assert client.request("GET", "/").content == b"abc"
        assert len({asked.sender for asked in server.asked}) == 2


def test_where_nobody_listens_it_says_so() -> None:
    with scripted_server(lambda _: None) as server:
        pass
    with client_of(server) as client, pytest.raises(NoAnswer, match=r"^connection refused$"):
        client.request("GET", "/")


def test_who_refuses_before_he_has_the_whole_body_is_heard() -> None:
    class Refusing:
        def request(self, *_: Any) -> None:
            raise BrokenPipeError

    refusing = cast("HTTPConnection", Refusing())
    exchange._send(refusing, "PUT", "/", {}, b"large")


@pytest.mark.parametrize(
    ("path", "params", "target"),
    [
        ("/a", None, "/a"),
        ("/a", {}, "/a"),
        ("/a?b=1", {"c": 2}, "/a?b=1&c=2"),
        (
            "/a",
            {"yes": True, "no": False, "none": None, "text": "x y"},
            "/a?yes=true&no=false&none=&text=x+y",
        ),
        ("/a b/\u00fc", None, "/a%20b/%C3%BC"),
        ("/a%2Fb", None, "/a%2Fb"),
        ("/a", {"b": ["1", "2"]}, "/a?b=1&b=2"),
        ("/a", [("b", 1), ("b", 2)], "/a?b=1&b=2"),
    ],
)
def test_targets(path: str, params: Any, target: str) -> None:
    assert target_of(path, params) == target


@pytest.mark.parametrize("wait", [None, 7.5])
def test_a_late_answer_is_told_beyond_what_the_service_was_asked_to_wait(
    monkeypatch: pytest.MonkeyPatch, wait: float | None
) -> None:
    told = threading.Event()
    waits: list[float] = []
    looked: list[float] = []

    def felt_until(_: Any, __: Any, within_s: float) -> bool:
        looked.append(within_s)
        return False

    def has_come(_: Any, within_s: float) -> bool:
        waits.append(within_s)
        return False

    def script(_: Asked) -> bytes:
        assert told.wait(LIMIT_S)
        return answer(b"{}")

    monkeypatch.setattr(exchange, "_has_come", has_come)
    monkeypatch.setattr(Pulse, "felt_until", felt_until)
    with scripted_server(script) as server:
        way = Way(server.url, proxy=None, timeout_s=LIMIT_S)
        client = HttpClient(
            server.url,
            way,
            headers=dict,
            answer_s=LIMIT_S,
            late_s=1.5,
            told_late=told.set,
        )
        got = client.request("GET", "/", params=None if wait is None else {"wait": wait})
        client.close()
    assert got.json() == {}
    assert waits == [1.5]
    assert looked == ([] if wait is None else [wait])
