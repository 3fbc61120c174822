"""Handles of jobs: found again by their names, and pickled without their tokens."""

from __future__ import annotations

import pickle
import pickletools
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.job_service import JobService

from park.cards import on_display
from park.client.background_install import Install
from park.errors import ServiceUnreachable
from park.model.states import JobState

if TYPE_CHECKING:
    from pathlib import Path

    from park.client.jobs.submitted_job import Job


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobService:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    return JobService().bind()


@pytest.fixture
def job(one: JobService) -> Job:
    return one.service.submit("m:f")


def test_a_handle_is_pickled_by_its_name_and_without_its_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration, token = tmp_path / "park.toml", tmp_path / "token"
    token.write_text("elsewhere")
    configuration.write_text(
        f'[services.one]\nurl = "http://one.example"\ninsecure = true\ntoken_file = "{token}"\n'
    )
    monkeypatch.setenv("PARK_CONFIG", str(configuration))
    monkeypatch.delenv("PARK_TOKEN", raising=False)
    one = JobService(name="one").bind()
    job = one.service.submit("m:f")
    value = job.output["x"]
    data = pickle.dumps([job, value, job.filename, one.service])
    assert b"token-" not in data
    again, part, file, service = restored(data)
    assert again == job
    assert again.transport.address.token == "elsewhere"
    assert repr(part) == repr(value)
    assert repr(file) == repr(job.filename)
    assert service.url == one.service.url


def test_pickles_name_what_does_not_move_when_files_do(one: JobService, job: Job) -> None:
    things = [job, job.output["x"], job.progress["y"], job.filename, job.url, one.service]
    named = {
        str(argument).split()[0]
        for opcode, argument, _ in pickletools.genops(pickle.dumps(things, protocol=2))
        if opcode.name == "GLOBAL" and str(argument).startswith("park")
    }
    assert named == {"park", "park.model.references"}


def restored(data: bytes) -> Any:
    return pickle.loads(data)  # noqa: S301 (made here)


def test_a_job_and_an_install_know_their_service(one: JobService, job: Job) -> None:
    install = Install(one.service, "0199", "mymodel")
    assert job.service == install.service == one.service


def test_a_part_of_a_job_is_one_of_what_it_returns(job: Job) -> None:
    """The other way round Python would say that it "is not subscriptable", and no more."""
    with pytest.raises(TypeError, match=r"job\.output\['chisq'\] stands for .* job\.result\(\)"):
        job["chisq"]
    with pytest.raises(TypeError, match=r"the items of .* job\.output\[0\] stands for that"):
        iter(job)


def test_a_displayed_job_is_looked_at_until_it_has_ended(one: JobService, job: Job) -> None:
    job.confirm(LIMIT_S)
    asked_at_first = len(one.asked)
    route = f"/api/v1/jobs/{job.id}"
    report = {"time": 0.0, "done": 1, "total": 3, "values": {"chisq": 2.0}, "age_s": 0.1}
    request = {"id": job.id, "entry_point": "m:f"}
    running = one.record(request, status="running", progress=report)
    one.answers[route] = running
    one.answers[f"{route}/progress"] = {"reports": 2, "values": {"chisq": [9.0, 2.0]}}
    states = job._displayed()
    first = next(states)
    assert "chisq: 9 at first, 2 now" in first.html
    assert first.text == repr(job)
    one.end(job.id)
    (last,) = states
    assert "completed" in last.html
    waits = [query["wait"] for _, path, query in one.asked[asked_at_first:] if path == route]
    assert waits == [0, 1.0]  # as it is now, and then for news


def test_a_displayed_job_is_asked_for_again_where_its_service_is_silent(
    one: JobService, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.confirm(LIMIT_S)
    monkeypatch.setattr(on_display, "pause_s", lambda _: 0.0)
    one.answers[f"/api/v1/jobs/{job.id}"] = one.record({"id": job.id, "entry_point": "m:f"})
    states = job._displayed()
    next(states)
    answered, silent = one.json, ["silent"]

    def json(method: str, path: str, **arguments: Any) -> Any:
        if silent:
            raise ServiceUnreachable(silent.pop())
        return answered(method, path, **arguments)

    monkeypatch.setattr(one, "json", json)
    next(states)
    assert not silent
    one.end(job.id)
    (last,) = states
    assert "completed" in last.html


def test_a_displayed_job_that_was_not_submitted_says_why(one: JobService) -> None:
    one.refused.add("m:g")
    job = one.service.submit("m:g")
    (shown,) = job._displayed()
    assert "m:g is refused" in shown.html


@pytest.mark.parametrize("status", list(JobState))
def test_the_card_of_one_that_waits_says_for_what(
    one: JobService, job: Job, status: JobState
) -> None:
    job.confirm()
    record = one.record(one.jobs[0], status=str(status))
    one.answers[f"/api/v1/jobs/{job.id}"] = record
    one.answers[f"/api/v1/jobs/{job.id}/why"] = {
        "job": job.id, "status": str(status), "line": "needs a <slot>",
    }  # fmt: skip
    waits = status in {JobState.WAITING, JobState.QUEUED}
    assert ("waits for" in job._repr_html_()) is waits
    assert ("needs a &lt;slot&gt;" in job._repr_html_()) is waits
    assert any(path.endswith("/why") for _, path, _ in one.asked) is waits
