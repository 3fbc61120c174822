"""Requests to a service that is away for a while."""

from __future__ import annotations

import json
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from support.stand_ins.responses import responded

from park.client.access.address import Address
from park.client.access.http.exchange import NoAnswer, Response
from park.client.access.http.form_body import FileBody
from park.client.access.transport import Transport, patient
from park.client.voice import of_command
from park.errors import ServiceFault, ServiceUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from park.client.access.http.exchange import HttpClient


class Streamed:
    """An answer that is there already."""

    def __init__(self, answer: Response) -> None:
        self.whole = self.head = lambda: answer
        self.blocks = lambda: iter([answer.content])
        self.is_error = answer.is_error


class Network:
    """A network and a clock: each request in ``cuts`` is lost, each pause passes at once."""

    def __init__(self, *, has_answered: bool = True) -> None:
        self.cuts = 0
        self.seconds = 0.0
        self.asked: list[tuple[str, bytes]] = []
        self.answer = responded(200, b"{}")
        address = Address(url="http://one.example", token=None, name=None)
        self.transport = Transport(address, clock=lambda: self.seconds, pause=self._pass)
        self.transport._client = cast("HttpClient", self)
        if has_answered:
            self.transport.json("GET", "/")
            self.asked.clear()

    def _pass(self, seconds: float) -> None:
        self.seconds += seconds

    def request(self, method: str, _: str, *, content: bytes | FileBody = b"") -> Response:
        self.asked.append((method, b"".join(content) if isinstance(content, FileBody) else content))
        if self.cuts:
            self.cuts -= 1
            raise NoAnswer("connection refused")
        return self.answer

    @contextmanager
    def stream(self, method: str, path: str) -> Iterator[Streamed]:
        yield Streamed(self.request(method, path))


def test_a_request_is_tried_a_few_times() -> None:
    network = Network()
    network.cuts = 2
    assert network.transport.json("GET", "/") == {}
    network.cuts = 9
    with pytest.raises(ServiceUnreachable, match=r"nothing answers at http://one\.example"):
        network.transport.json("GET", "/")
    assert len(network.asked) == 3 + 3


def test_patience_bridges_a_minute_and_no_more() -> None:
    network = Network()
    network.cuts = 12
    with patient():
        assert network.transport.json("GET", "/") == {}
    assert 30 < network.seconds < 60
    network.cuts = 1000
    with patient(), pytest.raises(ServiceUnreachable):
        network.transport.json("GET", "/")
    assert network.seconds < 60 + 70


def test_patience_ends_with_the_time_that_its_caller_has() -> None:
    network = Network()
    network.cuts = 1000
    with patient(5), pytest.raises(ServiceUnreachable):
        network.transport.json("GET", "/")
    assert 5 <= network.seconds < 11


def test_a_service_that_never_answered_may_have_another_url() -> None:
    network = Network(has_answered=False)
    network.cuts = 1000
    with patient(), pytest.raises(ServiceUnreachable):
        network.transport.json("GET", "/")
    assert 10 <= network.seconds < 16
    network.transport.first_contact_s = 0.0
    with patient(), pytest.raises(ServiceUnreachable):
        network.transport.json("GET", "/")
    assert network.seconds < 17


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_that_misses_the_service_is_no_answer_of_it(status: int) -> None:
    network = Network()
    network.answer = responded(status, b"<h1>Bad Gateway</h1>")
    with pytest.raises(ServiceUnreachable, match=f"a proxy says {status}"):
        network.transport.json("GET", "/")
    assert len(network.asked) == 3
    problem: dict[str, Any] = {"type": "urn:park:problem:service-fault", "detail": "it is full"}
    network.answer = responded(
        status, json.dumps(problem).encode(), {"content-type": "application/problem+json"}
    )
    with pytest.raises(ServiceFault, match="it is full"):
        network.transport.json("GET", "/")


def test_a_file_is_sent_again_from_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "film.txt"
    file.write_bytes(b"curve")
    network = Network()
    network.cuts = 5
    with patient():
        network.transport.put("/", file)
    assert set(network.asked) == {("PUT", b"curve")}
    assert len(network.asked) == 6


def test_a_file_is_fetched_again_from_its_beginning(tmp_path: Path) -> None:
    network = Network()
    network.answer = responded(200, b"curve")
    network.cuts = 5
    with patient():
        network.transport.download("/", tmp_path / "film.txt")
    assert (tmp_path / "film.txt").read_bytes() == b"curve"


def test_the_traceback_of_a_script_says_where_it_asked_and_the_line_and_no_more() -> None:
    network = Network()
    network.cuts = 99
    with pytest.raises(ServiceUnreachable) as caught:
        network.transport.json("GET", "/")
    text = "".join(traceback.format_exception(caught.value))
    assert "network.transport.json" in text
    assert text.count("Traceback") == 1
    assert "NoAnswer" not in text


def test_a_late_answer_is_shown_until_it_is_there_and_in_place_of_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = Network()
    transport, said = network.transport, list[str]()
    monkeypatch.setattr("park.client.voice.is_terminal", lambda: True)
    monkeypatch.setattr("park.client.voice._written", said.append)
    transport._tell_late()
    assert said == ["\r\x1b[2Khttp://one.example has not answered yet"]
    transport.json("GET", "/")
    assert said[1:] == ["\r\x1b[2K"]
    transport.voice.show("job …1 is queued")
    transport._tell_late()
    transport.json("GET", "/")
    assert transport.voice.is_showing
    assert len(said) == 3  # what is waited for stays there


def test_a_first_answer_that_is_late_is_told_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("park.client.voice.is_terminal", lambda: True)
    transport = Network(has_answered=False).transport
    transport._tell_late()
    assert not transport.voice.is_showing


def test_late_answers_are_told_in_a_pipe_without_a_line_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = Network()
    said = list[str]()
    monkeypatch.setattr("park.client.voice._written", said.append)
    network.transport.voice = of_command()
    for _ in range(4):
        network.transport._tell_late()
    assert said == ["http://one.example has not answered yet\n"]
