"""Jobs that take too much: each is held, and its owner is told in a line; the service goes on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_service import ParkService

from park.model.ids import new_id
from park_server.jobs.engines.control_groups import found_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")

RELEASE = "sortedcontainers", "2.4.0"


class Held:
    """A service with limits, and the environment that jobs run in."""

    def __init__(self, service: ParkService) -> None:
        self.service = service
        self.lock = service.offer(*RELEASE)

    def ended(self, entry_point: str, *args: object) -> dict[str, Any]:
        call = {"args": list(args), "kwargs": {}}
        job = {"id": new_id(), "entry_point": entry_point, "call": call, "lock_hash": self.lock}
        self.service.request("POST", "/api/v1/jobs", json=[job])
        return self.service.job_when_final(str(job["id"]))


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    folder = tmp_path_factory.mktemp("held")
    with ParkService(folder, "--job-memory", "400M", "--job-log", "2M") as service:
        yield Held(service)


@pytest.mark.skipif("memory" not in found_groups().limited, reason="no control groups of memory")
def test_a_job_that_eats_all_memory_is_ended_and_told_of_the_limit(held: Held) -> None:
    record = held.ended("operator:mul", "x", 4_000_000_000)
    assert record["status"] == "failed"
    line = record["error"]
    assert "it was ended for want of memory" in line
    assert "400.0 MiB" in line
    assert "--job-memory" in line
    assert "\n" not in line
    assert held.ended("operator:add", 1, 2)["status"] == "completed"


def test_where_the_machine_is_full_jobs_end_before_the_service(held: Held) -> None:
    record = held.ended("linecache:getline", "/proc/self/oom_score_adj", 1)
    assert record["status"] == "completed"
    told = held.service.get(f"/api/v1/jobs/{record['id']}/result")["result"]
    services = Path(f"/proc/{held.service.ready['pid']}/oom_score_adj").read_text()
    assert int(told) > int(services)


@pytest.mark.skipif("memory" not in found_groups().limited, reason="no control groups of memory")
def test_a_job_whose_worker_is_ended_for_want_of_memory_is_told_of_it(held: Held) -> None:
    """It hears of a signal alone, and whoever waits for the worker waits until its time is up."""
    eats = [sys.executable, "-c", "b'x' * 4_000_000_000"]
    record = held.ended("subprocess:check_call", eats)
    assert record["status"] == "failed"
    assert "SIGKILL" in record["error"]
    assert "was ended meanwhile for want of memory: the jobs of its environment" in record["error"]


def test_a_job_that_writes_without_end_is_stopped_and_told_of_the_limit(held: Held) -> None:
    script = "head -c 20000000 /dev/zero; exec sleep 600"
    record = held.ended("subprocess:check_call", ["sh", "-c", script])
    assert record["status"] == "failed"
    line = record["error"]
    assert "of log, more than the 2.0 MiB of a job here (--job-log)" in line
    assert "\n" not in line


@pytest.mark.skipif(os.geteuid() != 0, reason="asks for a signal that only root's own could send")
def test_the_service_outlives_what_its_jobs_try(held: Held) -> None:
    services = held.service.ready["pid"]
    record = held.ended("os:kill", services, 9)
    assert record["status"] == "failed"
    assert "PermissionError" in record["error"]
    assert held.service.get("/api/v1")["version"]
