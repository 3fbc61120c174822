"""Submission in the background: order, batches, needs, network cuts, refusals."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.job_service import BOUND, JobService
from support.stand_ins.responses import responded

import park
from park.client.access.http.exchange import Response
from park.client.submission import outbox as module
from park.client.submission.item import MOMENT_S
from park.errors import (
    CannotSatisfy,
    NotAuthenticated,
    NotPermitted,
    ServiceUnreachable,
    UsageError,
)


@park.job
def add(*values: Any, more: Any = (), timeout: float = 0) -> Any:
    return sum(values) + sum(more) + timeout


@park.job
def other() -> None: ...


@pytest.fixture
def one() -> JobService:
    return JobService()


def test_a_call_returns_before_anything_is_known_and_is_sent_once_it_is(one: JobService) -> None:
    with one.service:
        job = add(1, 2)
        assert "being submitted" in repr(job)
        assert one.asked == []
        one.bind()
    (sent,) = one.jobs
    assert sent["id"] == job.id
    assert sent["entry_point"] == f"{__name__}:add"
    assert sent["call"] == {"args": [1, 2], "kwargs": {}}
    assert (sent["lock_hash"], sent["set_hash"]) == (BOUND.lock_hash, BOUND.set_hash)
    assert repr(job).endswith("add submitted>")


def test_what_is_there_goes_in_few_batches_in_order(one: JobService) -> None:
    one.bind().gate.clear()
    jobs = [one.service.submit(add, n) for n in range(2_500)]
    one.gate.set()
    one.service.flush()
    assert [job["id"] for job in one.jobs] == [job.id for job in jobs]
    assert max(map(len, one.batches)) == 1_000
    assert len(one.batches) <= 5


def test_who_waits_for_a_job_has_it_sent_without_waiting_for_more(
    one: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GATHER_S", 2 * LIMIT_S)
    one.bind().service.submit(add, 1).confirm()
    assert len(one.jobs) == 1


def test_who_waits_for_a_result_has_it_with_the_answer_to_the_submission(
    one: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GATHER_S", 2 * LIMIT_S)
    one.bind().at_once[f"{__name__}:add"] = {"status": "completed", "result": 3}
    assert one.service.submit(add, 1, 2).result() == 3
    assert one.asked == [("POST", "/api/v1/jobs", {"wait": MOMENT_S})]


def test_a_service_that_does_not_wait_is_asked_again(one: JobService) -> None:
    job = one.bind().service.submit(add, 1, 2)
    one.end(job.id, result=3)
    assert job.result() == 3
    assert [path for _, path, _ in one.asked][-1] == f"/api/v1/jobs/{job.id}/result"


def test_what_comes_behind_the_last_look_is_sent_at_once(
    one: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_IDLE_S", 2 * LIMIT_S)
    outbox = one.bind().service.connection.outbox
    look, late = outbox._pass, Future[park.Job]()

    def look_and_let_one_come() -> bool:
        has_moved = look()
        if not has_moved and not late.done():
            late.set_result(one.service.submit(add, 2))
        return has_moved

    monkeypatch.setattr(outbox, "_pass", look_and_let_one_come)
    one.service.submit(add, 1).confirm()
    late.result(LIMIT_S).confirm(LIMIT_S)
    assert [job["call"]["args"] for job in one.jobs] == [[1], [2]]


def test_nobody_else_is_kept_waiting(one: JobService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GATHER_S", 2 * LIMIT_S)  # they go together, when one is awaited
    one.bind()
    first, second = one.service.submit(add, 1), one.service.submit(add, 2)
    for job in (first, second):
        one.end(job.id, result=3)
    assert first.result() == 3
    assert one.asked[0] == ("POST", "/api/v1/jobs", None)


def test_a_job_comes_after_what_it_needs(one: JobService) -> None:
    with one.bind().service:
        first = add(1)
        second = add(first, more=[first.output["x"], {"a": (first.output.y,)}])
        third = add({first.output}, when=second.iscompleted)
    node = {"$park": "reference", "job": first.id, "what": "value"}
    call = one.jobs[1]["call"]
    assert call["args"] == [node]
    item, (inner,) = call["kwargs"]["more"][0], call["kwargs"]["more"][1]["a"]["items"]
    assert item == node | {"path": [["item", "x"]]}
    assert inner == node | {"path": [["attribute", "y"]]}
    assert one.jobs[2]["call"]["args"] == [{"$park": "set", "items": [node]}]
    assert one.jobs[2]["when"] == {
        "version": 1,
        "condition": {"job": second.id, "is": "completed"},
    }
    assert [job["id"] for job in one.jobs] == [first.id, second.id, third.id]


def test_what_is_needed_of_another_service_is_there_first_and_opened_by_a_grant() -> None:
    here, there = JobService("http://here.example").bind(), JobService("http://there.example")
    with here.service:
        far = add(1, service=there.service)
        near = add(far, when=far.isfinished)
        again = add(near, far.filename)
        assert here.jobs == []
        there.bind()
    node = {"$park": "reference", "job": far.id, "what": "value", "service": there.service.url}
    assert here.jobs[0]["call"]["args"] == [node]
    leaf = {"job": far.id, "is": "finished", "service": there.service.url}
    assert here.jobs[0]["when"]["condition"] == leaf
    held = [job["grants"] for job in here.jobs]
    assert held == [
        [{"service": there.service.url, "token": "park_grant_1", "holder": "K" * 43}],
        [{"service": there.service.url, "token": "park_grant_2", "holder": "K" * 43}],
    ]
    asked = [body["jobs"] for method, path, body in there.asked if path.endswith("/grants")]
    assert asked == [[far.id], [far.id]]
    assert here.jobs[1]["id"] == again.id


def test_a_lost_answer_is_asked_for_again_with_the_same_ids(one: JobService) -> None:
    one.service.connection.outbox._pause = lambda _: None
    one.cuts = 2
    with one.bind().service:
        job = add(1)
    assert [[each["id"] for each in batch] for batch in one.batches] == [[job.id]] * 3


def test_a_service_that_stays_away_is_told_at_the_job_and_at_the_end_of_the_block(
    one: JobService,
) -> None:
    outbox = one.service.connection.outbox
    moments = iter(range(0, 1_000, 20))
    outbox._clock = lambda: float(next(moments))
    outbox._pause = lambda _: None
    one.cuts = 1_000
    one.bind()
    with pytest.raises(ServiceUnreachable), one.service:
        job = add(1)
    with pytest.raises(ServiceUnreachable):
        job.result()


def test_one_refused_job_takes_only_with_it_what_needs_it(one: JobService) -> None:
    one.refused = {f"{__name__}:other"}
    one.bind()
    with pytest.raises(UsageError, match="other is refused") as raised, one.service:  # noqa: PT012
        good = [add(n) for n in range(5)]
        bad = other()
        needs = add(bad)
        far = add(needs.output)
        also_good = add(good[0])
    assert {job["id"] for job in one.jobs} == {job.id for job in [*good, also_good]}
    assert not hasattr(raised.value, "__notes__")  # what fails for want of it is no news
    for job in (needs, far):
        with pytest.raises(UsageError, match="was not submitted, since it needs job") as chained:
            job.confirm()
        assert "other is refused" in str(chained.value)
    assert repr(bad).endswith("not submitted>")
    with pytest.raises(UsageError):
        bad.status  # noqa: B018 (it asks)


def test_who_is_not_known_is_refused_once(one: JobService) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        one.asked.append(("POST", "jobs", None))
        raise NotAuthenticated("no such token")

    one.json = refuse  # type: ignore[method-assign]
    jobs = [one.service.submit(add, n) for n in range(3)]
    one.bind()
    for job in jobs:
        with pytest.raises(NotAuthenticated):
            job.confirm()
    assert len(one.asked) == 1


def test_an_environment_that_cannot_be_is_told_at_the_job(one: JobService) -> None:
    job = one.service.submit(add, 1)
    one.binding.set_exception(CannotSatisfy("no such Python there"))
    one.service.connection.outbox.poke()
    with pytest.raises(CannotSatisfy, match="no such Python"):
        job.result()
    with pytest.raises(CannotSatisfy):
        job.refresh()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_to_its_parent_what_the_parent_submits(one: JobService) -> None:
    job = one.service.submit(add, 1)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:  # pragma: no cover (in the child)
        one.bind()
        own = one.service.submit(add, 2)
        one.service.flush(10)
        os.write(writing, " ".join(each["id"] for each in one.jobs).encode())
        os._exit(0 if [each["id"] for each in one.jobs] == [own.id] else 1)
    assert os.waitpid(pid, 0)[1] == 0
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert job.id not in pipe.read()
    one.bind()
    one.service.flush(10)
    assert [each["id"] for each in one.jobs] == [job.id]


AT_EXIT = """
import sys
from support.stand_ins.job_service import JobService
one = JobService()
one.refused = {"m:bad"}
import atexit, threading
one.service.submit("m:good")
one.service.submit("m:bad")
def last():
    sys.stdout.write(" ".join(job["entry_point"] for job in one.jobs))
atexit.register(last)
threading.Timer(0.05, one.bind).start()
"""


def test_the_end_of_the_interpreter_waits_and_says_what_failed() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", AT_EXIT],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.returncode) == ("m:good", 120)
    assert done.stderr.startswith("park: error: job …")
    assert "(m:bad) was not submitted: m:bad is refused" in done.stderr


class SlowFiles(JobService):
    """A service to which files go slowly: once ``may_arrive`` is set, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.may_arrive = threading.Event()
        self.sent: list[str] = []
        self.error: Exception | None = None

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        if path.endswith("/present"):
            return {"present": False}
        return super().json(method, path, **arguments)

    def put(self, path: str, file: Path) -> Response:  # noqa: ARG002 (where, is not asked)
        assert self.may_arrive.wait(LIMIT_S)
        if self.error is not None:
            raise self.error
        self.sent.append(file.name)
        return responded(204)


def test_a_file_on_its_way_holds_up_only_what_needs_it(tmp_path: Path) -> None:
    one = SlowFiles()
    one.bind()
    (tmp_path / "film.txt").write_text("curve")
    reads = one.service.submit(add, park.File(tmp_path / "film.txt"))
    again = one.service.submit(add, park.File(tmp_path / "film.txt"))
    needs_it = one.service.submit(add, reads)
    free = one.service.submit(add, 1)
    free.confirm(10)
    assert [job["id"] for job in one.jobs] == [free.id]
    one.may_arrive.set()
    one.service.flush(10)
    assert {job["id"] for job in one.jobs} == {free.id, reads.id, again.id, needs_it.id}
    assert one.sent == ["film.txt"]


def test_a_file_that_does_not_arrive_is_told_by_its_job_and_what_needs_it(tmp_path: Path) -> None:
    one = SlowFiles()
    one.bind()
    one.error = NotPermitted("no room left for your files")
    one.may_arrive.set()
    (tmp_path / "film.txt").write_text("curve")
    reads = one.service.submit(add, park.File(tmp_path / "film.txt"))
    needs_it = one.service.submit(add, reads)
    for job in (reads, needs_it):
        with pytest.raises(NotPermitted, match="no room left"):
            job.confirm(10)
    assert one.jobs == []
