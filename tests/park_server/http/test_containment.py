"""Whatever becomes of a request ends in one answer."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from park.errors import TooLarge, UnknownItem
from park.wire import AreaRecord
from park_server.http.containment import Containment
from park_server.http.front import streamed_list

START: Message = {"type": "http.response.start", "status": 200, "headers": []}


def answers(*, raised: BaseException, started: bool, kind: str = "http") -> list[Message]:
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        if started:
            await send(START)
        raise raised

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": kind, "method": "GET", "path": "/x", "headers": []}
    asyncio.run(Containment(app)(scope, receive, send))
    return sent


def problem_of(sent: list[Message]) -> dict[str, Any]:
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    found: dict[str, Any] = json.loads(sent[1]["body"])
    assert found["status"] == sent[0]["status"]
    return found


def test_a_stop_answers_what_is_under_way() -> None:
    problem = problem_of(answers(raised=asyncio.CancelledError(), started=False))
    assert problem["status"] == 503
    assert problem["hint"] == "send it again when the service is back"


def test_a_refusal_before_the_routes_is_answered_as_what_it_is() -> None:
    problem = problem_of(answers(raised=TooLarge("too much"), started=False))
    assert (problem["status"], problem["detail"]) == (413, "too much")


def test_a_defect_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        problem = problem_of(answers(raised=ZeroDivisionError("secret"), started=False))
    assert problem["status"] == 500
    assert "secret" not in json.dumps(problem)
    assert "GET /x failed" in caplog.text


@pytest.mark.parametrize("raised", [ZeroDivisionError(), asyncio.CancelledError(), TooLarge("x")])
def test_an_answer_that_has_begun_is_not_begun_again(raised: BaseException) -> None:
    assert answers(raised=raised, started=True) == [START]


@pytest.mark.parametrize(
    ("raised", "line", "is_traced"),
    [
        (ZeroDivisionError("x"), "the answer to GET /x broke off", True),
        (TooLarge("too much"), "the answer to GET /x broke off: too much", False),
        (OSError(errno.ENOSPC, "full"), "the answer to GET /x broke off: [Errno 28] full", False),
        (ClientDisconnect(), None, False),
    ],
)
def test_why_an_answer_breaks_off_is_told_once(
    caplog: pytest.LogCaptureFixture, raised: Exception, line: str | None, *, is_traced: bool
) -> None:
    wrapped = RuntimeError("Caught handled exception, but response already started.")
    wrapped.__cause__ = raised
    for error in (raised, wrapped):
        caplog.clear()
        assert answers(raised=error, started=True) == [START]
        assert [each.getMessage() for each in caplog.records] == ([line] if line else [])
        assert any(each.exc_info for each in caplog.records) is is_traced


@pytest.mark.parametrize("part", [UnknownItem("it was removed"), ZeroDivisionError("x")])
def test_a_list_that_fails_on_its_way_has_no_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: Exception
) -> None:
    """Whatever fails, at whichever piece: a whole list never seems to have come."""
    monkeypatch.setattr(streamed_list, "_PIECE_CHARACTERS", 1)

    def records() -> Iterator[Any]:
        for number in range(5):
            yield AreaRecord(name=str(number), writable=True)
        raise part

    async def route(_: Request) -> Response:
        return await streamed_list.streamed_records("ada", records())

    inner = Starlette(routes=[Route("/x", route)])
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()  # who asked stays
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/x", "headers": []}
    asyncio.run(Containment(inner)({**scope, "query_string": b""}, receive, send))
    assert sent[0]["status"] == 200
    assert sent[-1]["more_body"] is True
    assert caplog.text.count("the answer to GET /x broke off") == 1


def test_the_lifespan_is_nobodys_request() -> None:
    with pytest.raises(ZeroDivisionError):
        answers(raised=ZeroDivisionError(), started=False, kind="lifespan")
