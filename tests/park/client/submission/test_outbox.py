"""Submission in the background: order, batches, needs, network cuts, refusals."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.job_service import BOUND, JobService
from support.session.limits import LIMIT_S

import park
from park.client.access.dry_run import dry_run
from park.errors import (
    CannotSatisfy,
    InvalidEntryPoint,
    NotAuthenticated,
    NotPermitted,
    ServiceUnreachable,
    UnknownItem,
    UsageError,
)

if TYPE_CHECKING:
    from park.client.jobs.submitted_job import Job
    from park.client.submission.item import Item


@park.job
def add(*values: Any, more: Any = (), timeout: float = 0) -> Any:
    return sum(values) + sum(more) + timeout


@park.job
def other() -> None: ...


@park.job(retries=3, backoff=2.0, timeout=60, restartable=True)
def careful() -> None: ...


@park.job
def reduce(infile: str, outfile: str, note: str = "") -> str:
    return infile + outfile + note


@park.job
class Reduction:
    def __init__(self, infile: str, outfile: str) -> None:
        self.files = (infile, outfile)


class Curves:
    @classmethod
    @park.job
    def reduced(cls, infile: str, times: int = 1) -> str:
        return f"{cls.__name__}: {infile}" * times


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
        [{"service": there.service.url, "token": "park_grant_1"}],
        [{"service": there.service.url, "token": "park_grant_2"}],
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


def test_several_errors_of_a_block_are_one_with_notes(one: JobService) -> None:
    one.refused = {f"{__name__}:other", f"{__name__}:careful"}
    one.bind()
    with pytest.raises(UsageError, match="is refused") as raised, one.service:  # noqa: PT012
        other()
        careful()
    (note,) = raised.value.__notes__
    assert "careful is refused" in note


def test_the_error_of_the_block_itself_wins(one: JobService) -> None:
    one.refused = {f"{__name__}:other"}
    one.bind()
    with pytest.raises(ZeroDivisionError) as raised, one.service:  # noqa: PT012
        other()
        _ = 1 / 0
    (note,) = raised.value.__notes__
    assert "other is refused" in note


def test_an_environment_that_cannot_be_is_told_at_the_job(one: JobService) -> None:
    job = one.service.submit(add, 1)
    one.binding.set_exception(CannotSatisfy("no such Python there"))
    one.service.connection.outbox.poke()
    with pytest.raises(CannotSatisfy, match="no such Python"):
        job.result()
    with pytest.raises(CannotSatisfy):
        job.refresh()


def test_what_is_wrong_with_the_call_is_raised_by_the_call(one: JobService) -> None:
    def local() -> None: ...

    with pytest.raises(InvalidEntryPoint):
        one.service.submit(local)
    with pytest.raises(UsageError, match="cannot be sent"):
        one.service.submit(add, lambda: 0)
    with pytest.raises(UsageError, match="install='now'"):
        one.service.submit(add, install="now")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="retries=-1"):
        one.service.submit(add, retries=-1)
    with pytest.raises(UsageError, match="cannot read"):
        one.service.submit(add, park.File("/nowhere"))
    with pytest.raises(UsageError, match=r"other\(\): got an unexpected keyword argument 'retry'"):
        other(service=one.service, retry=3)
    with pytest.raises(
        UsageError, match=r"reduce\(\): missing a required argument: 'outfile'"
    ) as told:
        one.service.submit(reduce, "a")
    assert "reduce(infile, outfile, note='')" in str(told.value.hint)
    with pytest.raises(UsageError, match=r"Reduction\(\): missing a required argument: 'outfile'"):
        one.service.submit(Reduction, "a")
    with pytest.raises(UsageError, match="Sample can only be pickled"):
        one.service.submit(add, Sample(1), lock="4483")  # nobody knows whose set that is
    with pytest.raises(UsageError, match="Sample can only be pickled"):
        one.service.submit_all(add, [(Sample(1),)], offer="mymodel")


def test_options_of_the_decorator_the_call_and_the_submission(one: JobService) -> None:
    with one.bind().service:
        careful()
        careful(retries=0, timeout=5)
        add(1, timeout=7)
        one.service.submit(careful, backoff=9.0, memory=1 << 20)
    first, second, third, fourth = one.jobs
    said = {"retries": 3, "backoff_s": 2.0, "timeout_s": 60, "restartable": True}
    assert {name: first[name] for name in said} == said
    assert (second["retries"], second["timeout_s"]) == (0, 5)
    assert third["call"]["kwargs"] == {"timeout": 7}
    assert (fourth["backoff_s"], fourth["memory_bytes"]) == (9.0, 1 << 20)


def test_texts_with_a_tilde_name_files_of_the_service(one: JobService) -> None:
    with one.bind().service:
        reduce("~/data/run.zip", "~/run.refl")
        Reduction(infile="~/data/run.zip", outfile="here.refl")
        Reduction("a", "~/run.refl")
        reduce("a", "b", "~ about")
    infile = {"$park": "service-file", "path": "~/data/run.zip"}
    outfile = {"$park": "service-file", "path": "~/run.refl"}
    calls = [job["call"] for job in one.jobs]
    assert calls[0] == {"args": [], "kwargs": {"infile": infile, "outfile": outfile}}
    assert calls[1]["kwargs"] == {"infile": infile, "outfile": "here.refl"}
    assert calls[2] == {"args": [], "kwargs": {"infile": "a", "outfile": outfile}}
    assert calls[3]["kwargs"]["note"] == "~ about"


class Sample:
    def __init__(self, part: Any) -> None:
        self.part = part


def test_a_pickle_is_tagged_with_the_set_that_is_found_later(one: JobService) -> None:
    with one.service:
        add([Sample(1)])
        one.bind()
    (node,) = one.jobs[0]["call"]["args"][0]
    assert (node["$park"], node["set_hash"]) == ("pickle", BOUND.set_hash)


def test_a_placeholder_inside_a_pickle_is_refused(one: JobService) -> None:
    with one.bind().service:
        job = add(1)
        for part in (job, job.output["x"], job.filename, job.iscompleted):
            with pytest.raises(UsageError) as raised:
                add(Sample(part))
            assert raised.value.hint
        with pytest.raises(UsageError, match="key of a dict"):
            add({job: 1})
        with pytest.raises(UsageError, match="progress changes"):
            add(job.progress["chisq"])


class Notes:
    def __init__(self) -> None:
        self.items: list[Item] = []

    def take(self, item: Item) -> None:
        self.items.append(item)

    def environment(self, *_: Any, **__: Any) -> Any:
        return JobService().binding


def test_a_planner_takes_what_would_be_submitted(one: JobService) -> None:
    notes = Notes()
    token = dry_run.begin(notes)
    try:
        with one.service:
            first = add(1)
            upload = park.install_service("park")
            add(first, when=upload.iscompleted)
    finally:
        dry_run.end(token)
    assert [item.label for item in notes.items] == [f"{__name__}:add", "park", f"{__name__}:add"]
    assert one.asked == []
    with pytest.raises(UsageError, match="part of a plan"):
        first.result()


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
from support.services.job_service import JobService
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
        check=True,
        timeout=60,
    )
    assert done.stdout == "m:good"
    assert done.stderr.startswith("park: error: job …")
    assert "(m:bad) was not submitted: m:bad is refused" in done.stderr


def test_a_job_is_found_by_its_id(one: JobService, monkeypatch: pytest.MonkeyPatch) -> None:
    job: Job = one.bind().service.submit(add, 1)
    job.confirm()
    one.end(job.id, result=3)
    with one.service:
        assert park.get_job(job.id).result() == 3
        with pytest.raises(UnknownItem):
            park.get_job("nothing")
    monkeypatch.setenv("PARK_CONFIG", "/nowhere/park.toml")
    monkeypatch.setenv("PARK_STATE_DIR", "/nowhere")
    monkeypatch.delenv("PARK_SERVICE", raising=False)
    with pytest.raises(UnknownItem, match="none is configured"):
        park.get_job(job.id)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"retries": -1}, "retries=-1: it is a whole number, not below 0"),
        ({"retries": 1.5}, "retries=1.5: it is a whole number"),
        ({"retries": "2"}, "retries='2': it is a whole number"),
        ({"backoff": float("nan")}, "backoff=nan: it is a number"),
        ({"backoff": "x"}, "backoff='x': it is a number"),
    ],
)
def test_options_that_no_job_can_have_are_refused_by_the_call(
    one: JobService, said: dict[str, Any], message: str
) -> None:
    with one.bind().service, pytest.raises(UsageError, match=message):
        add(1, **said)
    for timeout in (0, -3, float("inf"), "x"):
        with pytest.raises(UsageError, match=f"timeout={timeout!r}: it is a number, above 0"):
            one.service.submit(add, 1, timeout=timeout)  # type: ignore[arg-type]
    assert one.jobs == []


def test_what_is_no_service_is_told(one: JobService) -> None:
    with pytest.raises(UsageError, match="service=3: it is a service, or its name or URL"):
        add(1, service=3)
    with pytest.raises(UsageError, match="service=3"):
        park.get_job("x", service=3)  # type: ignore[arg-type]
    for name in ("", None):
        with pytest.raises(UsageError, match="the id of a job is a text"):
            park.get_job(name, service=one.service)  # type: ignore[arg-type]


def test_an_id_is_no_job_to_cancel() -> None:
    with pytest.raises(UsageError, match="'0199' is no job"):
        park.cancel("0199")  # type: ignore[arg-type]


def test_an_argument_without_an_end_is_told(one: JobService) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with one.bind().service, pytest.raises(UsageError, match="nested too deep, or contains itself"):
        add(endless)


def test_an_asynchronous_block_lets_other_tasks_go_on(one: JobService) -> None:
    async def submits() -> Any:
        async with one.service:
            return add(1)

    async def test() -> None:
        task = asyncio.create_task(submits())
        await asyncio.sleep(0)
        assert not task.done()
        assert add(2, 3) == 5  # the block is that of the other task
        one.bind()
        job = await asyncio.wait_for(task, LIMIT_S)
        assert [sent["id"] for sent in one.jobs] == [job.id]

    asyncio.run(test())


def test_an_asynchronous_block_raises_what_failed_in_it(one: JobService) -> None:
    one.refused = {f"{__name__}:other"}

    async def test(error: Exception | None = None) -> None:
        async with one.service:
            other()
            if error is not None:
                raise error

    one.bind()
    with pytest.raises(UsageError, match="is refused"):
        asyncio.run(test())
    with pytest.raises(KeyError) as caught:
        asyncio.run(test(KeyError("mine")))
    assert "is refused" in caught.value.__notes__[0]


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

    def put(self, path: str, file: Path) -> httpx2.Response:  # noqa: ARG002 (where, is not asked)
        assert self.may_arrive.wait(LIMIT_S)
        if self.error is not None:
            raise self.error
        self.sent.append(file.name)
        return httpx2.Response(204)


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


def test_a_class_method_is_a_job_of_its_class(one: JobService) -> None:
    with one.bind().service:
        Curves.reduced("~/run.zip", times=2)
        with pytest.raises(UsageError, match="got an unexpected keyword argument 'time'"):
            Curves.reduced("~/run.zip", time=2)
    one.service.submit(Curves.reduced, "~/run.zip", 2).confirm(10)
    for sent in one.jobs:
        assert sent["entry_point"].endswith(":Curves.reduced")
        infile = {"$park": "service-file", "path": "~/run.zip"}
        assert sent["call"] == {"args": [], "kwargs": {"infile": infile, "times": 2}}
