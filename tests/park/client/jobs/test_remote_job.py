"""Jobs as their service knows them: record, result, logs and files."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from support.stand_ins.job_service import BOUND, JobService
from support.stand_ins.responses import responded

from park.client.access.http.exchange import Response
from park.client.jobs.submitted_job import Job
from park.errors import EnvironmentMismatch, JobFailed, UnknownItem, UsageError
from park.model.states import JobState
from park.runtime import codec

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobService:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    return JobService().bind()


@pytest.fixture
def job(one: JobService) -> Job:
    return one.service.submit("m:f")


def test_a_job_can_be_awaited(one: JobService, job: Job) -> None:
    one.end(job.id, result=[1])
    job.wait()

    async def waited() -> Any:
        return await job

    assert asyncio.run(waited()) == [1]


def file(name: str) -> dict[str, Any]:
    return {"name": name, "sha256": "0" * 64, "size": 6}


def asked_for(one: JobService, job: Job) -> int:
    return sum(path.startswith(f"/api/v1/jobs/{job.id}") for _, path, _ in one.asked)


@pytest.mark.parametrize("result", [3, None])
def test_what_is_final_is_not_asked_for_again(one: JobService, job: Job, result: Any) -> None:
    one.answers[f"/api/v1/jobs/{job.id}"] = one.record({"id": job.id, "entry_point": "m:f"})
    assert (job.status, job.status) == (JobState.QUEUED, JobState.QUEUED)
    assert asked_for(one, job) == 2
    one.end(job.id, result=result)
    assert (job.result(), job.result(), job.status) == (result, result, JobState.COMPLETED)
    assert asked_for(one, job) == 3


def test_a_failure_has_its_traceback_and_what_to_look_at(one: JobService, job: Job) -> None:
    one.end(job.id, status="failed", error="ValueError: too thin")
    with pytest.raises(JobFailed, match="ValueError: too thin") as told:
        job.result()
    assert told.value.details == {"traceback": "Traceback: …"}
    assert f"park logs -s http://one.example {job.id}" in str(told.value.hint)


def test_a_timeout_says_how_far_it_is(one: JobService, job: Job) -> None:
    record = one.record({"id": job.id, "entry_point": "m:f"}, status="running")
    one.answers[f"/api/v1/jobs/{job.id}"] = record
    job.confirm()
    with pytest.raises(TimeoutError, match=rf"job {job.id} is running after 0 s"):
        job.wait(0)


def test_even_without_time_it_is_asked_whether_the_job_has_ended(one: JobService, job: Job) -> None:
    job.confirm()  # it was queued then
    one.end(job.id, result=3)
    assert job.result(0) == 3


@pytest.mark.parametrize(
    ("files", "name", "said"),
    [
        ([], None, "is completed and left no file"),
        ([], "a.txt", "is completed and left no file"),
        (["b.txt"], "a.txt", r"left one file: b\.txt"),
        (["b.txt", "c.txt"], "a.txt", r"left several files: b\.txt, c\.txt"),
    ],
)
def test_a_file_that_is_not_there_is_told_with_those_that_are(
    one: JobService, job: Job, files: list[str], name: str | None, said: str
) -> None:
    one.end(job.id, files=[file(each) for each in files])
    with pytest.raises(UnknownItem, match=said) as told:
        job.file_record(name)
    assert "job.files" in str(told.value.hint)


def test_the_only_file_needs_no_name(one: JobService, job: Job) -> None:
    one.end(job.id, files=[file("a.txt")], result="something else")
    assert job.file_record(None).name == "a.txt"


def test_a_file_that_a_failed_job_left_can_be_had_by_its_name_alone(
    one: JobService, job: Job
) -> None:
    one.end(job.id, status="failed", error="too thin", files=[file("a.txt"), file("b.txt")])
    assert job.file_record("b.txt").name == "b.txt"
    with pytest.raises(JobFailed, match="too thin"):
        job.file_record(None)


def test_the_url_of_a_file_is_quoted_below_the_service(one: JobService, job: Job) -> None:
    place = f"/api/v1/jobs/{job.id}/files/out/run%201%23.refl"
    assert job.url_of("out/run 1#.refl") == one.address.url + place


class Writing(JobService):
    """A service whose job wrote some bytes, which come in blocks as small as they can be."""

    written: ClassVar = {"stdout": "χ² = 1.5\n".encode(), "stderr": b"\xff!\n"}

    def bytes(self, path: str, **arguments: Any) -> Response:
        text, offset = self.written[path.rpartition("/")[2]], arguments["params"]["offset"]
        final = str(offset + 1 >= len(text)).lower()
        return responded(200, text[offset : offset + 1], {"x-park-final": final})


def test_logs_are_text_however_their_bytes_are_cut() -> None:
    job = Writing().bind().service.submit("m:f")
    assert job.logs() == "χ² = 1.5\n"
    followed: dict[str, str] = {"stdout": "", "stderr": ""}
    for stream, text in job.follow():
        followed[stream] += text
    assert followed == {"stdout": "χ² = 1.5\n", "stderr": "\ufffd!\n"}


def test_it_shows_how_far_it_is(one: JobService) -> None:
    one.gate.clear()
    job: Job = one.service.submit("m:f")
    assert repr(job) == f"<Job {job.id} m:f being submitted>"
    one.gate.set()
    job.confirm()
    assert repr(job) == f"<Job {job.id} m:f queued>"
    job._ended_as = "failed or cancelled"  # as `park.wait` heard of it
    assert repr(job) == f"<Job {job.id} m:f failed or cancelled>"
    job._ended_as = ""
    one.refused.add("m:g")
    lost: Job = one.service.submit("m:g")
    with pytest.raises(UsageError):
        lost.confirm()
    assert repr(lost) == f"<Job {lost.id} m:g not submitted>"
    assert repr(Job(one.service, "0199", "m:f")) == "<Job 0199 m:f submitted>"


def test_a_handle_by_its_id_is_of_the_session_that_submitted_the_job() -> None:
    """What the session has bound is known of each of its handles; it is asked for nothing."""
    one = JobService().bind()
    submitted = one.service.submit("m:f")
    submitted.confirm()
    result = codec.encode(Decimal("1.5"), set_hash=BOUND.set_hash)
    one.end(submitted.id, result=result, set_hash=BOUND.set_hash)
    assert Job(one.service, submitted.id, "m:f").result() == Decimal("1.5")
    assert not [path for _, path, _ in one.asked if path.endswith("/versions")]


@pytest.mark.parametrize("is_here", [True, False])
def test_the_set_of_a_job_is_learnt_from_its_service(
    monkeypatch: pytest.MonkeyPatch, *, is_here: bool
) -> None:
    """No module here has the set of a function that travelled by value."""
    one, looked = JobService(), []
    result = codec.encode(Decimal("1.5"), set_hash="5" * 64)
    one.end("of-another", result=result, set_hash="5" * 64, entry_point="__main__:fit")

    def look(_: object, set_hash: str) -> bool:
        looked.append(set_hash)
        return is_here

    monkeypatch.setattr("park.client.installs.set_here.is_installed_here", look)
    job = Job(one.service, "of-another", "__main__:fit")
    if is_here:
        assert job.result() == Decimal("1.5")
    else:
        with pytest.raises(EnvironmentMismatch):
            job.result()
    assert looked == ["5" * 64]
