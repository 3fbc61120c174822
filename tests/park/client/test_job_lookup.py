"""Jobs that are taken up again by their ids, on whichever service has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.stand_ins.job_service import JobService

import park
from park.errors import ServiceUnreachable, UnknownItem, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from park.client.jobs.submitted_job import Job


def test_a_service_whose_token_is_gone_hides_no_job_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("secret")
    configuration = tmp_path / "park.toml"
    tables = {"gone": ("http://127.0.0.1:2", "absent"), "one": ("http://127.0.0.1:1", "token")}
    configuration.write_text(
        "".join(
            f'[services.{name}]\nurl = "{url}"\ntoken_file = "{tmp_path / token}"\n'
            for name, (url, token) in tables.items()
        )
    )
    for name, value in {"PARK_CONFIG": str(configuration), "PARK_STATE_DIR": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    for name in ("PARK_SERVICE", "PARK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ServiceUnreachable, match=r"at http://127.0.0.1:1"):
        park.get_job("nothing")


@park.job
def add(*values: Any, more: Any = (), timeout: float = 0) -> Any:
    return sum(values) + sum(more) + timeout


@pytest.fixture
def one() -> JobService:
    return JobService()


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
