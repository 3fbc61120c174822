"""Whatever becomes of a request ends in one answer."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from park.errors import TooLarge
from park_server.http.containment import Containment

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


def test_the_lifespan_is_nobodys_request() -> None:
    with pytest.raises(ZeroDivisionError):
        answers(raised=ZeroDivisionError(), started=False, kind="lifespan")
