"""A real service on a real disk that becomes full and has room again."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.faults.small_disk import small_file_system
from support.material.wheels import make_wheel
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.stand_ins.gated_index import gated_index

from park.model.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faults.pipes import Pipe

RELEASE = "sortedcontainers", "2.4.0"
SHELL, ADD = "subprocess:check_call", "operator:add"
LARGE = b"# not worth compressing\n" * 100_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 40 MB."""
    with small_file_system(tmp_path / "small", 40) as place:
        yield place


def filled(disk: Path) -> Path:
    """Leave no byte free; return the file that takes them."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    return filler


def until_it_has_a_result(service: ParkService, job: str) -> None:
    """Wait until ``job`` is about to write its outcome, for which there is no room."""
    deadline = time.monotonic() + LIMIT_S
    while not list((service.home / "jobs" / job).glob(".outcome.json.*")):
        assert time.monotonic() < deadline


@pytest.mark.slow
def test_a_full_disk_loses_nothing(small_disk: Path, go: Pipe) -> None:
    with ParkService(small_disk, "--slots", "2", "--reserve", "0") as service:
        lock_hash = service.offer(*RELEASE)

        def job(entry_point: str, *args: object) -> dict[str, object]:
            call = {"args": args, "kwargs": {}}
            # two that are called alike are two processes here
            facts = {
                "entry_point": entry_point,
                "call": call,
                "lock_hash": lock_hash,
                "memo": False,
            }
            return {"id": new_id(), **facts}

        held, killed = (job(SHELL, ["sh", "-c", f"head -n1 {go} > /dev/null"]) for _ in range(2))
        others = [job(ADD, number, 1) for number in range(100)]
        service.request("POST", "/api/v1/jobs", json=[held, killed])
        for each in (held, killed):
            service.event(str(each["id"]), "running")
            while service.get(f"/api/v1/jobs/{each['id']}")["pid"] is None:
                pass  # its process has still to claim it, which takes room
        filler = filled(small_disk)
        with pytest.raises(AssertionError, match="nothing of this request was kept"):
            service.request("POST", "/api/v1/jobs", json=others)
        filler.unlink()
        service.request("POST", "/api/v1/jobs", json=others)
        filler = filled(small_disk)
        os.kill(service.get(f"/api/v1/jobs/{killed['id']}")["pid"], signal.SIGKILL)
        service.until_said("the disk takes nothing")
        why = service.get(f"/api/v1/jobs/{others[-1]['id']}/why")["line"]
        assert "the disk of the service takes nothing" in why
        go.send("end")
        until_it_has_a_result(service, str(held["id"]))
        filler.unlink()
        records = [service.job_when_final(str(each["id"])) for each in [killed, held, *others]]
        assert [record["status"] for record in records] == ["failed", *["completed"] * 101]
        assert "SIGKILL" in records[0]["error"]
        service.until_said("does again")
        assert service.log.count("the disk takes nothing") == 1
        assert "Traceback" not in service.log


def test_an_install_that_was_accepted_waits_for_room(small_disk: Path, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "large", files={"large.py": LARGE})
    with (
        gated_index(tmp_path / "index", [wheel]) as (url, gate),
        ParkService(small_disk, "--upstream", url, "--reserve", "0") as service,
    ):
        with gate.closed(wheel.name):
            body = {"project": "large", "version": "1.0"}
            install = service.request("POST", "/api/v1/offers", json=body).json()["install"]
            gate.wait_for_request()
            filler = filled(small_disk)
        service.until_said("the disk takes nothing")
        assert service.get(f"/api/v1/installs/{install}")["error"] is None
        filler.unlink()
        assert service.offer("large", "1.0")
        assert "Traceback" not in service.log
