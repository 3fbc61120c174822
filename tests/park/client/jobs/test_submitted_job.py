"""Handles of jobs: found again by their names, and pickled without their tokens."""

from __future__ import annotations

import pickle
import pickletools
from typing import TYPE_CHECKING, Any

import pytest
from support.services.job_service import JobService

from park.client.background_install import Install

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
