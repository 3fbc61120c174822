"""What stands for what a job will leave: as text, as a value, in a comparison, as a pickle."""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING

import pytest
from support.stand_ins.job_service import JobService

from park.errors import JobCancelled, JobFailed, ServiceFault, UnknownItem, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from park.client.jobs.submitted_job import Job

CONTENT = b"q r dr"
FILE = {"name": "out/run 1.refl", "sha256": hashlib.sha256(CONTENT).hexdigest(), "size": 6}


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobService:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    return JobService().bind()


@pytest.fixture
def job(one: JobService) -> Job:
    return one.service.submit("m:f")


def test_a_value_and_its_parts_are_waited_for(one: JobService, job: Job) -> None:
    parts = {"chisq": 1.25, "names": ["a", "b"], "real": 3}
    one.end(job.id, result=parts)
    assert job.output.get() == parts
    assert float(job.output["chisq"]) == 1.25
    assert int(job.output["real"]) == 3
    assert f"{job.output['chisq']:.1f}" == "1.2"
    assert str(job.output["names"][1]) == "b"
    assert job.output["chisq"].real.get() == 1.25
    with pytest.raises(UnknownItem, match="KeyError: 'nothing'"):
        job.output["nothing"].get()
    with pytest.raises(UnknownItem, match="AttributeError"):
        job.output.nothing.get()


def test_a_value_has_no_truth_and_no_members_and_shows_without_waiting(
    one: JobService, job: Job
) -> None:
    value = job.output["x"]
    for act in (bool, iter, list, lambda v: 1 in v):
        with pytest.raises(TypeError):
            act(value)
    with pytest.raises(TypeError):
        _ = 0 < value < 1
    with pytest.raises(TypeError, match="a text or a number"):
        job.output[1.5]  # type: ignore[index]
    assert not hasattr(value, "__array_interface__")
    assert not hasattr(value, "_repr_html_")
    shown = [repr(each) for each in (value.y[0], job.filename, job.files["a"], job.files, job.url)]
    assert shown[0] == f"<value['x'].y[0] of job …{job.id[-6:]}>"
    assert not [path for method, path, _ in one.asked if method == "GET"]
    assert len({value, job.output["x"]}) == 2  # by identity, since == makes a condition
    assert {job: 1}[copy.copy(job)] == 1


def test_the_file_of_a_job_is_known_by_its_name_and_fetched_once(
    one: JobService, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []

    def download(path: str, target: Path) -> None:
        fetched.append(path)
        target.write_bytes(CONTENT)

    monkeypatch.setattr(one, "download", download)
    one.end(job.id, files=[FILE])
    assert str(job.filename) == job.filename.name == "out/run 1.refl"
    assert str(job.url) == f"{one.service.url}/api/v1/jobs/{job.id}/files/out/run%201.refl"
    assert str(job.files["out/run 1.refl"].url) == str(job.url)
    with open(job.filename, "rb") as file:  # noqa: PTH123 (as one would)
        assert file.read() == CONTENT
    assert job.filename.get().name == "run 1.refl"
    assert len(fetched) == 1
    assert list(job.files) == ["out/run 1.refl"]
    assert "out/run 1.refl" in job.files
    assert "other" not in job.files
    with pytest.raises(UnknownItem, match=r"left one file: out/run 1\.refl"):
        job.files["other"].get()
    with pytest.raises(PermissionError):
        raise_if_writable(job.filename.get())


def raise_if_writable(path: Path) -> None:
    if not path.stat().st_mode & 0o222:
        raise PermissionError(path)


def test_content_that_is_not_the_promised_is_refused(
    one: JobService, job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(one, "download", lambda _, target: target.write_bytes(b"else"))
    one.end(job.id, files=[FILE])
    with pytest.raises(ServiceFault, match="expected content with SHA-256"):
        job.filename.get()
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_of_several_files_the_one_that_the_job_returned(one: JobService, job: Job) -> None:
    files = [FILE | {"name": name} for name in ("a.txt", "b.txt")]
    one.end(job.id, files=files, result="b.txt")
    assert str(job.filename) == "b.txt"
    other = one.service.submit("m:f")
    one.end(other.id, files=files, result=None)
    with pytest.raises(UnknownItem, match=r"left several files: a\.txt, b\.txt"):
        str(other.filename)


@pytest.mark.parametrize(
    ("status", "error"), [("failed", JobFailed), ("cancelled", JobCancelled)], ids=str
)
def test_a_job_that_has_no_result_says_so_wherever_one_asks(
    one: JobService, job: Job, status: str, error: type[Exception]
) -> None:
    one.end(job.id, status=status, error="too thin")
    for ask in (job.result, job.output["x"].get, job.filename.get, job.url.get):
        with pytest.raises(error, match="too thin"):
            ask()
    assert job.error == "too thin"


def test_progress_is_that_of_the_newest_report(one: JobService, job: Job) -> None:
    progress = {"done": 2, "total": 10, "values": {"chisq": 1.5}}
    one.answers[f"/api/v1/jobs/{job.id}"] = one.record(
        {"id": job.id, "entry_point": "m:f"}, progress=progress, status="running"
    )
    assert job.progress["chisq"].get() == 1.5
    assert job.progress["nothing"].get() is None
    assert repr(job.progress["chisq"] < 2).startswith("<Condition progress of job")


def test_comparisons_are_conditions_that_services_understand(one: JobService, job: Job) -> None:
    leaf = (job.output["x"] <= 1.5).as_json(one.service.url)["condition"]
    reference = {
        "$park": "reference",
        "job": job.id,
        "what": "value",
        "path": [["item", "x"]],
    }
    assert leaf == {"compare": [{"reference": reference}, "<=", {"value": 1.5}]}
    assert (job.output == [1, "a", None]).as_json()
    assert (1 > job.output).as_json()["condition"]["compare"][1] == "<"  # noqa: SIM300 (the point)
    assert (job.output != job.output["y"]).as_json()
    with pytest.raises(UsageError, match="cannot be compared with a object"):
        _ = job.output == object()
    with pytest.raises(UsageError, match="on two services"):
        _ = job.output < JobService("http://two.example").bind().service.submit("m:f").output
