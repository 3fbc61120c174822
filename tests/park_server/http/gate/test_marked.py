"""Each answer says the API and the id of its request; strangers are told what to do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from park.wire.api_version import HEADER, HERE
from park_server.http.gate.marked import Marked, with_request_id
from park_server.log_lines.of_request import REQUEST

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the id that the request has, in its scope and while it is answered."""
    await JSONResponse([scope["request_id"], REQUEST.get()])(scope, receive, send)


CLIENT = TestClient(Marked(told))


def test_the_id_of_a_request_is_with_what_is_done_for_it() -> None:
    answer = CLIENT.get("/api/v1", headers={"X-Request-Id": "r1"})
    assert answer.json() == ["r1", "r1"]
    assert answer.headers["X-Request-Id"] == "r1"
    assert answer.headers[HEADER] == str(HERE)
    assert REQUEST.get() is None


def test_a_trace_is_taken_and_a_request_without_gets_one() -> None:
    trace = f"00-{'ab' * 16}-{'cd' * 8}-01"
    assert CLIENT.get("/", headers={"traceparent": trace}).json()[0] == "ab" * 16
    assert CLIENT.get("/").json() != CLIENT.get("/").json()


@pytest.mark.parametrize(
    ("spoken", "hint"),
    [
        ("0; oldest=0; release=0.0.1", f"park-dist>={HERE.release}"),
        ("9; oldest=8; release=2.0", f"park-dist=={HERE.release}"),
    ],
)
def test_a_client_of_a_distant_release_is_told_what_to_do(spoken: str, hint: str) -> None:
    answer = CLIENT.get("/api/v1/jobs", headers={HEADER: spoken})
    assert (answer.status_code, answer.json()["title"]) == (422, "ApiMismatch")
    assert hint in answer.json()["hint"]
    assert answer.headers[HEADER] == str(HERE)
    assert CLIENT.get("/simple/six/", headers={HEADER: spoken}).status_code == 200


@pytest.mark.parametrize("spoken", [str(HERE), "2; oldest=1; release=0.2.0", "nonsense"])
def test_any_other_is_answered(spoken: str) -> None:
    assert CLIENT.get("/api/v1/jobs", headers={HEADER: spoken}).status_code == 200


def test_a_request_is_told_in_one_line_whatever_its_path(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "park.requests")
    CLIENT.get("/a%0Ab", headers={"X-Request-Id": "r1"})
    (record,) = caplog.records
    assert record.getMessage() == "GET /a%0Ab: 200"
    assert (record.__dict__["request_id"], record.__dict__["status"]) == ("r1", 200)


def test_jobs_have_the_id_of_their_request_whatever_they_say() -> None:
    jobs: list[object] = [{"id": "a", "request_id": "other"}, 7]
    scope = {"request_id": "r1"}
    assert with_request_id(jobs, scope) == [{"id": "a", "request_id": "r1"}, 7]
    assert with_request_id([{"id": "b"}], {}) == [{"id": "b"}]
