"""The front answers the usual requests of a job exactly as the routes would, and no other."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import httpx2
import pytest
from starlette.testclient import TestClient
from support.labs.install_lab import opened_database
from support.labs.rows import add_job

from park.errors import UnknownItem
from park.model.states import JobState
from park.wire import JobRecord
from park_server.http.body_limit import MOST_BYTES, BodyLimit
from park_server.http.front.job_front import JobFront
from park_server.jobs import job_rows
from park_server.jobs.reading.single_looks import Looked
from park_server.json_pieces import LARGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from park_server.http.parts import ServiceParts

JOB = "01a21a90-80bb-7847-b026-a00d7b3f5c5a"
REQUEST = {"id": JOB, "entry_point": "m:f", "call": {"args": [], "kwargs": {}}, "lock_hash": "l"}
RESULT = f"/api/v1/jobs/{JOB}/result"
LONG_WAY = {"answered": "by the routes"}


def record_of(**known: Any) -> JobRecord:
    names = [name for name in JobRecord.__dataclass_fields__ if name != "files"]
    return JobRecord(**{**dict.fromkeys(names), "id": JOB, **known})


class Jobs:
    """A scheduler that notes what it is asked, and answers ``found`` or raises it."""

    def __init__(self) -> None:
        self.found: JobRecord | Exception = record_of(status=JobState.COMPLETED)
        self.asked: list[Any] = []
        self.much = False

    def _answer(self) -> JobRecord:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    async def look(self, job: str, user: str, wait: float, _read: object) -> Looked[None]:
        self.asked.append((job, user, wait))
        return Looked(record=self._answer(), what=None, pages=[] if self.much else None)

    def planned(self, user: str, requests: Any, *, size: int) -> Any:
        assert size > 0
        return user, requests

    async def accept(self, user: str, submission: Any) -> Any:
        self.asked.append((user, [request.id for request in submission[1]]))
        return self._answer()

    def takes_time(self, _user: str, _accepted: object) -> bool:
        return self.much

    def submitted(self, _user: str, accepted: JobRecord) -> list[JobRecord]:
        return [accepted]


class Routes:
    """What is behind the front: counts requests, and keeps the body of the last."""

    def __init__(self) -> None:
        self.requests = 0
        self.body = b""

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        self.body = (await receive()).get("body", b"")
        answer = json.dumps(LONG_WAY).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answer})


class Lab:
    """A front between a client and routes."""

    def __init__(self, parts: Any, jobs: Jobs) -> None:
        self.jobs = jobs
        self.routes = Routes()
        front = JobFront(self.routes, lambda: cast("ServiceParts", parts))

        async def named(scope: Scope, receive: Receive, send: Send) -> None:
            await BodyLimit(front)({**scope, "user": "ada"}, receive, send)

        self.client = TestClient(named)

    def is_answered_in_front(self, answer: httpx2.Response) -> bool:
        return self.routes.requests == 0 and answer.json() != LONG_WAY


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with opened_database(tmp_path) as database:
        database.write(lambda c: add_job(c, JOB, "ada", [])).result()
        database.write(
            lambda c: job_rows._ADD_RESULT.run(c, {"job": JOB, "document": [1.50, "a"]})
        ).result()
        jobs = Jobs()
        retention = SimpleNamespace(note_read=lambda *_: None)
        yield Lab(SimpleNamespace(jobs=jobs, database=database, retention=retention), jobs)


@pytest.mark.parametrize(("query", "wait"), [("", 0.0), ("?wait=25", 25.0), ("?wait=0.5", 0.5)])
def test_a_result_is_answered_as_it_is_stored(lab: Lab, query: str, wait: float) -> None:
    answer = lab.client.get(RESULT + query)
    assert lab.is_answered_in_front(answer)
    assert answer.json()["result"] == [1.5, "a"]
    assert answer.json()["job"]["id"] == JOB
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert lab.jobs.asked == [(JOB, "ada", wait)]


def test_a_job_without_a_result_is_answered_alone(lab: Lab) -> None:
    lab.jobs.found = record_of(status=JobState.FAILED, error="no")
    answer = lab.client.get(RESULT)
    assert lab.is_answered_in_front(answer)
    assert "result" not in answer.json()


def test_a_submission_that_waits_is_answered_with_the_result(lab: Lab) -> None:
    answer = lab.client.post("/api/v1/jobs?wait=0.5", json=[REQUEST])
    assert lab.is_answered_in_front(answer)
    (record,) = answer.json()
    assert (record["id"], record["status"], record["result"]) == (JOB, "completed", [1.5, "a"])
    asked, (job, user, wait) = lab.jobs.asked
    assert (asked, job, user) == (("ada", [JOB]), JOB, "ada")
    assert 0 < wait <= 0.5


def test_of_a_job_that_has_not_completed_the_record_is_all(lab: Lab) -> None:
    lab.jobs.found = record_of(status=JobState.RUNNING)
    (record,) = lab.client.post("/api/v1/jobs?wait=0.5", json=[REQUEST]).json()
    assert record["status"] == "running"
    assert "result" not in record


def test_of_a_job_of_which_there_is_much_the_routes_answer_in_pieces(lab: Lab) -> None:
    lab.jobs.much = True
    assert not lab.is_answered_in_front(lab.client.get(RESULT))


@pytest.mark.parametrize("query", ["wait=31", "wait=-1", "other=1"])
def test_a_submission_with_another_query_goes_on(lab: Lab, query: str) -> None:
    assert lab.client.post(f"/api/v1/jobs?{query}", json=[REQUEST]).json() == LONG_WAY
    assert not lab.jobs.asked


@pytest.mark.parametrize(
    "path",
    [
        f"{RESULT}?wait=31",
        f"{RESULT}?wait=-1",
        f"{RESULT}?wait=nan",
        f"{RESULT}?wait=1&wait=2",
        f"{RESULT}?other=1",
        f"/api/v1/jobs/{JOB[-8:]}/result",
        f"/api/v1/jobs/{JOB}/traceback",
        f"/api/v1/jobs/{JOB}",
        "/api/v1/jobs?limit=3",
        "/api/v1/other",
    ],
)
def test_another_question_goes_on(lab: Lab, path: str) -> None:
    assert lab.client.get(path).json() == LONG_WAY
    assert not lab.jobs.asked


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS"])
def test_another_method_goes_on(lab: Lab, method: str) -> None:
    lab.client.request(method, RESULT)
    assert lab.routes.requests == 1
    assert not lab.jobs.asked


def test_what_has_to_be_refused_goes_on(lab: Lab) -> None:
    lab.jobs.found = UnknownItem("no such job")
    assert lab.client.get(RESULT).json() == LONG_WAY
    assert lab.client.post("/api/v1/jobs", json=[REQUEST]).json() == LONG_WAY
    assert json.loads(lab.routes.body) == [REQUEST]


@pytest.mark.parametrize("much", [False, True])
def test_a_submission_is_answered_with_its_records(lab: Lab, *, much: bool) -> None:
    lab.jobs.much = much
    answer = lab.client.post("/api/v1/jobs", json=[REQUEST])
    assert lab.is_answered_in_front(answer)
    assert [record["id"] for record in answer.json()] == [JOB]
    assert lab.jobs.asked == [("ada", [JOB])]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"{}",
        b'[{"id": 3}]',
        b"[" * 5_000,
        json.dumps([{**REQUEST, "label": "x" * LARGE_BYTES}]).encode(),
    ],
)
def test_an_unusual_body_goes_on_whole(lab: Lab, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = lab.client.post("/api/v1/jobs", content=body, headers=headers)
    assert answer.json() == LONG_WAY
    assert lab.routes.body == body
    assert not lab.jobs.asked


def test_a_body_that_says_not_that_it_is_json_goes_on(lab: Lab) -> None:
    body = json.dumps([REQUEST]).encode()
    answer = lab.client.post("/api/v1/jobs", content=body, headers={"Content-Type": "text/plain"})
    assert answer.json() == LONG_WAY
    assert not lab.jobs.asked


def test_a_body_over_the_limit_is_refused_before(lab: Lab) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": str(MOST_BYTES + 1)}
    assert lab.client.post("/api/v1/jobs", content=b"", headers=headers).status_code == 413
    assert lab.routes.requests == 0


def test_a_large_result_is_sent_in_pieces() -> None:
    from park_server.http.front.job_front import _answer

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    pieces = [b'{"result":"', b"x" * LARGE_BYTES, b'"}']
    asyncio.run(_answer(pieces, send))
    assert [each["body"] for each in sent[1:]] == pieces
    assert [each["more_body"] for each in sent[1:]] == [True, True, False]
