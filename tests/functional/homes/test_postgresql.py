"""A real service whose state is in a real PostgreSQL, which is restarted under it."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.neighbours.postgresql import Server, own_server
from support.services.park_service import ParkService

from park.model.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faults.pipes import Pipe

RELEASE = "sortedcontainers", "2.4.0"
SHELL, ADD, ECHO = "subprocess:check_call", "operator:add", "copy:copy"


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Server]:
    """Run a server that is this test's alone."""
    del tmp_path
    with own_server() as running:
        running.create("park")
        yield running


def job(lock_hash: str, entry_point: str, *args: object) -> dict[str, Any]:
    call = {"args": args, "kwargs": {}}
    # two that are called alike are two processes here
    return {
        "id": new_id(),
        "entry_point": entry_point,
        "call": call,
        "lock_hash": lock_hash,
        "memo": False,
    }


def submit(service: ParkService, *jobs: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json"}
    service.request("POST", "/api/v1/jobs", content=json.dumps(jobs), headers=headers)


def test_what_is_on_its_way_outlives_the_database_and_the_service(
    tmp_path: Path, postgresql: Server, go: Pipe
) -> None:
    url = postgresql.url("park").render_as_string()
    with ParkService(tmp_path, "--slots", "2", "--database", url) as service:
        assert not (service.home / "park.sqlite").exists()
        lock_hash = service.offer(*RELEASE)
        held = job(lock_hash, SHELL, ["sh", "-c", f"head -n1 {go} > /dev/null"])
        odd = job(lock_hash, ECHO, "NUL \0, half a pair \ud800, the last \U0010ffff0")
        failing = job(lock_hash, "builtins:exec", "raise ValueError('a NUL \\0 here')")
        others = [job(lock_hash, ADD, number, 2**70) for number in range(20)]
        submit(service, held, odd, failing, *others)
        service.event(held["id"], "running")
        postgresql.stop()
        late = job(lock_hash, ADD, 1, 2)
        waiting = threading.Thread(target=submit, args=(service, late))
        waiting.start()
        service.until_said("the database is lost")
        health = service.get("/api/v1/health")
        assert health["status"] == "degraded"
        assert "the database cannot be reached since" in health["database"]
        go.send("end")
        postgresql.start()
        waiting.join()
        assert "a NUL \0 here" in service.job_when_final(failing["id"])["error"]
        everything = [held, odd, late, *others]
        ended = [service.job_when_final(each["id"])["status"] for each in everything]
        assert ended == ["completed"] * len(everything)
        assert service.get("/api/v1/health") == {"status": "ok", "database": None}
        assert service.result_of(odd["id"]) == odd["call"]["args"][0]
        assert "Traceback" not in service.log
        service.restart()
        assert int(service.result_of(others[3]["id"])["hex"], 16) == 3 + 2**70
        told = service.get("/api/v1/events", after=0)
        ends = [each["id"] for each in told if each["type"] == "completed"]
        assert sorted(ends) == sorted(each["id"] for each in everything)


@pytest.mark.slow
def test_a_kill_amid_jobs_loses_none_and_doubles_none(tmp_path: Path, postgresql: Server) -> None:
    url = postgresql.url("park").render_as_string()
    with ParkService(tmp_path, "--slots", "2", "--database", url) as service:
        lock_hash = service.offer(*RELEASE)
        jobs = [job(lock_hash, ADD, number, 1) for number in range(40)]
        for first in range(0, len(jobs), 20):
            submit(service, *jobs[first : first + 20])
            service.event(jobs[first]["id"], "running")
            service.restart()
        assert [service.result_of(each["id"]) for each in jobs] == list(range(1, 41))
        for each in jobs:
            told = service.get("/api/v1/events", after=0)
            ends = [one for one in told if (one["id"], one["type"]) == (each["id"], "completed")]
            assert len(ends) == 1


@pytest.mark.slow
def test_a_home_is_served_with_its_own_database_alone(tmp_path: Path, postgresql: Server) -> None:
    postgresql.create("other")
    url = postgresql.url("park").render_as_string()
    with ParkService(tmp_path, "--database", url, "--upstream", "none") as service:
        second = ParkService(tmp_path / "second", "--database", url, "--upstream", "none")
        with pytest.raises(AssertionError, match="another park service writes to this database"):
            second.start()
        service.stop()
        (service.home / "jobs" / "one").mkdir()
        foreign = ParkService(tmp_path, "--database", postgresql.url("other").render_as_string())
        with pytest.raises(AssertionError, match="is empty, but the home has 1 folder"):
            foreign.start()
        (service.home / "database").write_text(f"{url}\n")
        named = ParkService(tmp_path, "--upstream", "none")
        with named:
            assert named.get("/api/v1/health")["status"] == "ok"


@pytest.mark.slow
def test_a_database_that_is_not_there_is_refused_at_once(
    tmp_path: Path, postgresql: Server
) -> None:
    postgresql.stop(by=signal.SIGQUIT)
    url = postgresql.url("park").render_as_string()
    with pytest.raises(AssertionError, match=r"cannot be opened: .*\n.*hint: is the server up"):
        ParkService(tmp_path, "--database", url, "--upstream", "none").start()
