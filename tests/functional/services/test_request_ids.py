"""A request's id follows its job: from the client to the log, the record and the process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_client import Client
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.services.park_client import Scientist


@pytest.fixture
def told(tmp_path: Path) -> Iterator[ParkService]:
    with ParkService(tmp_path, "--log-format", "json") as service:
        yield service


def test_the_id_of_a_submission_is_in_the_log_the_record_and_the_job(
    told: ParkService, scientist: Scientist, client_cache: Path, tmp_path: Path
) -> None:
    trace = "ab" * 16
    client = Client.of(
        scientist.client.python, tmp_path / "client", cache=client_cache, service=told
    )
    client.run("install", "light_model")
    (version,) = told.get("/api/v1/versions")
    traced = client.with_variables(TRACEPARENT=f"00-{trace}-{'cd' * 8}-01")
    call = ["os:getenv", "--arg", 'key="PARK_REQUEST_ID"', "--lock", version["lock_hash"]]
    assert trace in traced.run("run", *call).stdout
    (job,) = told.get("/api/v1/jobs")
    status, why = (client.json(command, job["id"]) for command in ("status", "why"))
    assert job["request_id"] == status["request_id"] == why["request_id"] == trace
    assert f"request      {trace}" in client.run("status", job["id"]).stdout
    told.stop()
    records: list[dict[str, Any]] = [json.loads(line) for line in told.log.splitlines()]
    of_request = [each for each in records if each.get("request_id") == trace]
    assert "POST /api/v1/jobs: 200" in [each["message"] for each in of_request]
    of_job = [each["message"] for each in of_request if each.get("job") == job["id"]]
    assert of_job == [f"job {job['id']} starts, attempt 1", f"job {job['id']} is completed"]
    assert any(each["message"].startswith("starting on ") for each in records)
