"""A backup of a real service at work, restored beside it, and moved into a real PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.pipes import Pipe
from support.neighbours.postgresql import server
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

from park.model.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

RELEASE = "sortedcontainers", "2.4.0"
SHELL = "subprocess:check_call"


def job(lock_hash: str, entry_point: str, *args: object, **more: object) -> dict[str, Any]:
    call = {"args": args, "kwargs": {}}
    facts = {"entry_point": entry_point, "call": call, "lock_hash": lock_hash, "memo": False}
    return {"id": new_id(), **facts, **more}


def admin(service: ParkService, *words: object) -> str:
    """Run ``park admin`` beside a service; return what it prints."""
    command = [sys.executable, "-m", "park", "admin", *map(str, words)]
    done = subprocess.run(
        command,
        env=service.environ(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ended(service: ParkService) -> dict[str, tuple[object, ...]]:
    """Return what a service tells of the jobs that have ended."""
    return {
        each["id"]: (each["status"], each["started"], each["finished"], each["files"])
        for each in service.get("/api/v1/jobs", limit=1000)
        if each["status"] in {"completed", "failed"}
    }


@pytest.fixture
def go_too(tmp_path: Path) -> Iterator[Pipe]:
    with Pipe(tmp_path / "go-too") as pipe:
        yield pipe


def test_a_service_at_work_is_backed_up_restored_and_moved(
    tmp_path: Path, go: Pipe, go_too: Pipe
) -> None:
    backup = tmp_path / "backup.tar"
    with ParkService(tmp_path / "one", "--slots", "2") as service:
        lock_hash = service.offer(*RELEASE)
        waits = ["sh", "-c", f"head -n1 {go} > /dev/null"]
        once = ["sh", "-c", f"mkdir {tmp_path / 'begun'} && head -n1 {go_too} > /dev/null || true"]
        left = job(lock_hash, SHELL, ["sh", "-c", "echo seen; echo bytes > left.txt"])
        lost, again = job(lock_hash, SHELL, waits), job(lock_hash, SHELL, once, restartable=True)
        queued = job(lock_hash, "operator:add", 1, 2)
        submit(service, left)
        service.job_when_final(left["id"])
        submit(service, lost, again, queued)
        for each in (lost, again):
            service.event(each["id"], "running")
        before = ended(service)
        assert "whole" not in admin(service, "backup", "--home", service.home, backup)
        assert backup.stat().st_size
        # the first service goes on, and its jobs with it: nobody takes them from it
        new = ParkService(tmp_path / "two", "--slots", "2", "--upstream", "none")
        admin(new, "restore", "--home", new.home, backup)
        with new:
            assert before.items() <= ended(new).items()
            answer = new.request("GET", f"/api/v1/jobs/{left['id']}/files/left.txt")
            assert answer.text == "bytes\n"
            assert new.get(f"/api/v1/jobs/{left['id']}")["id"] == left["id"]
            assert "ended with nobody there to see how" in new.job_when_final(lost["id"])["error"]
            # made again from the wheels of the backup: this one has no index upstream
            assert new.result_of(queued["id"]) == 3
            assert new.result_of(again["id"]) == 0
            assert service.get(f"/api/v1/jobs/{lost['id']}")["status"] == "running"
            new.stop()
        go.send("end")
        go_too.send("end")
        for each in (lost, again, queued):
            assert service.job_when_final(each["id"])["status"] == "completed"
        service.stop()
        move_amid_jobs(service, lock_hash, go, go_too)


def move_amid_jobs(service: ParkService, lock_hash: str, go: Pipe, go_too: Pipe) -> None:
    """Move a service that is stopped: one job ends meanwhile, one afterwards, one has not begun."""
    where = server().create("moved").render_as_string()
    told = ended(service.start())
    during, after = (
        job(lock_hash, SHELL, ["sh", "-c", f"head -n1 {pipe} > /dev/null"]) for pipe in (go, go_too)
    )
    behind = job(lock_hash, "operator:add", 3, 4)
    submit(service, during, after)
    for each in (during, after):
        service.event(each["id"], "running")
    submit(service, behind)
    service.stop()
    go.send("end")
    assert f"is in {where}" in admin(service, "move", "--home", service.home, "--to", where)
    assert told.items() <= ended(service.start()).items()
    assert service.result_of(behind["id"]) == 7
    assert service.get(f"/api/v1/jobs/{after['id']}")["status"] == "running"
    go_too.send("end")
    for each in (during, after):
        record = service.job_when_final(each["id"])
        assert (record["status"], record["attempt"]) == ("completed", 1)
    submit(service, more := job(lock_hash, "operator:add", 2, 2))
    assert service.result_of(more["id"]) == 4
    assert not (service.home / "park.sqlite").exists()
    service.stop()
    server().drop("moved")


def submit(service: ParkService, *jobs: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json"}
    service.request("POST", "/api/v1/jobs", content=json.dumps(jobs), headers=headers)
