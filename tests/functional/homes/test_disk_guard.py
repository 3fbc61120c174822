"""A job that fills the disk ends with that reason, and the others go on."""

from __future__ import annotations

import sys
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import pytest
from support.faults.small_disk import small_file_system
from support.services.park_service import ParkService

from park.model.ids import new_id
from park_server.retention.ballast import InodeBallast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faults.pipes import Pipe

RELEASE = "sortedcontainers", "2.4.0"
SHELL, ADD = "subprocess:check_call", "operator:add"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 60 MB."""
    with small_file_system(tmp_path / "small", 60) as place:
        yield place


def job(lock_hash: str, entry_point: str, *args: object) -> dict[str, object]:
    call = {"args": list(args), "kwargs": {}}
    return {"id": new_id(), "entry_point": entry_point, "call": call, "lock_hash": lock_hash}


def test_a_job_that_fills_the_disk_is_stopped_and_the_others_go_on(
    small_disk: Path, up: Pipe, go: Pipe
) -> None:
    with ParkService(small_disk, "--slots", "2", "--reserve", "4M") as service:
        lock_hash = service.offer(*RELEASE)
        waits = f"echo up > {up.path}; read line < {go.path}; echo went on"
        other = job(lock_hash, SHELL, ["sh", "-c", waits])
        service.request("POST", "/api/v1/jobs", json=[other])
        up.receive()
        greedy = job(lock_hash, SHELL, ["sh", "-c", "cat /dev/zero > zeros; sleep 600"])
        following = job(lock_hash, ADD, 1, 2)
        service.request("POST", "/api/v1/jobs", json=[greedy, following])
        record = service.job_when_final(str(greedy["id"]))
        assert record["status"] == "failed"
        assert "it filled the disk of the service: its files take" in record["error"]
        assert record["files"] == []
        assert service.job_when_final(str(following["id"]))["status"] == "completed"
        go.send("end")
        assert service.job_when_final(str(other["id"]))["status"] == "completed"


def test_a_job_that_takes_more_than_its_share_is_stopped(tmp_path: Path) -> None:
    with ParkService(tmp_path, "--job-disk", "5M") as service:
        lock_hash = service.offer(*RELEASE)
        code = "open('big', 'wb').write(bytes(20 << 20)); import signal; signal.pause()"
        greedy = job(lock_hash, SHELL, [sys.executable, "-c", code])
        modest = job(lock_hash, ADD, 1, 2)
        service.request("POST", "/api/v1/jobs", json=[greedy, modest])
        record = service.job_when_final(str(greedy["id"]))
        assert record["status"] == "failed"
        assert "more than the 5.0 MiB of a job here, and it was stopped" in record["error"]
        assert service.job_when_final(str(modest["id"]))["status"] == "completed"


BESIDE = {
    "its /tmp": "cat /dev/zero > /tmp/zeros; sleep 600",
    "what it has compiled": "cat /dev/zero > $NUMBA_CACHE_DIR/zeros; sleep 600",
    "its user's area": "cat /dev/zero > {area}/zeros; sleep 600",
    "": "exec 3> gone; rm gone; cat /dev/zero >&3; sleep 600",
}


def test_wherever_a_job_writes_it_is_the_one_that_is_stopped(small_disk: Path) -> None:
    home = small_disk / "home"
    home.mkdir(mode=0o700)
    (home / "policy.toml").write_text('[jobs]\ntmp = "private"\n')
    with ParkService(small_disk, "--slots", "2", "--reserve", "8M") as service:
        lock_hash = service.offer(*RELEASE)
        service.request("PUT", "/api/v1/areas/files/~/kept", content=b"kept")
        (area,) = (home / "areas" / "v1" / "users").iterdir()
        for where, script in BESIDE.items():
            greedy = job(lock_hash, SHELL, ["sh", "-c", script.format(area=area)])
            service.request("POST", "/api/v1/jobs", json=[greedy])
            record = service.job_when_final(str(greedy["id"]))
            assert record["status"] == "failed"
            assert "it filled the disk of the service: its files take" in record["error"]
            assert where in record["error"]
            if where == "its user's area":  # whose it is to remove
                assert (area / "zeros").exists()
                service.request("DELETE", "/api/v1/areas/files/~/zeros")
            following = job(lock_hash, ADD, 1, 2)
            service.request("POST", "/api/v1/jobs", json=[following])
            assert service.job_when_final(str(following["id"]))["status"] == "completed"
        assert (area / "kept").read_bytes() == b"kept"


MAKES = "while true > {}/f$i; do i=$((i+1)); done 2>/dev/null; sleep 600"

HELD = 50
"""A quarter of a hundredth of all files of the disk."""

MADE_AT = {"": ".", "its user's area": "{area}"}


def test_a_job_that_makes_files_until_none_can_follow_is_stopped_and_the_others_go_on(
    tmp_path: Path, up: Pipe, go: Pipe
) -> None:
    with (
        small_file_system(tmp_path / "small", 200, inodes=20_000) as disk,
        ParkService(disk, "--slots", "2", "--reserve", "4M") as service,
    ):
        lock_hash = service.offer(*RELEASE)
        service.request("PUT", "/api/v1/areas/files/~/kept", content=b"kept")
        (area,) = (disk / "home" / "areas" / "v1" / "users").iterdir()
        waits = f"echo up > {up.path}; read line < {go.path}; echo went on"
        other = job(lock_hash, SHELL, ["sh", "-c", waits])
        service.request("POST", "/api/v1/jobs", json=[other])
        up.receive()
        for where, place in MADE_AT.items():
            script = MAKES.format(place.format(area=area))
            greedy = job(lock_hash, SHELL, ["sh", "-c", script])
            service.request("POST", "/api/v1/jobs", json=[greedy])
            record = service.job_when_final(str(greedy["id"]))
            assert record["status"] == "failed"
            assert "it filled the disk of the service: it has made" in record["error"]
            assert where in record["error"]
            assert record["files"] == []
            following = job(lock_hash, ADD, 1, 2)  # in files that were held for it
            service.request("POST", "/api/v1/jobs", json=[following])
            assert service.job_when_final(str(following["id"]))["status"] == "completed"
        go.send("end")
        assert service.job_when_final(str(other["id"]))["status"] == "completed"
        service.stop()
        for path in area.glob("f*"):  # whose they are to remove
            path.unlink()
        InodeBallast(disk / "home" / "ballast-files", HELD).hold()
        with suppress(OSError):
            for number in count():
                (area / f"more{number}").touch()
        service.start()
        assert service.job_when_final(str(other["id"]))["status"] == "completed"


def test_what_users_send_leaves_the_reserve_to_the_service(small_disk: Path) -> None:
    with ParkService(small_disk, "--slots", "1", "--reserve", "20M") as service:
        lock_hash = service.offer(*RELEASE)
        for path in ("areas/files/~/large", f"files/{'ab' * 32}"):
            with pytest.raises(AssertionError, match="stay free for what it does itself"):
                service.request("PUT", f"/api/v1/{path}", content=bytes(60 << 20))
        small = job(lock_hash, ADD, 1, 2)
        service.request("POST", "/api/v1/jobs", json=[small])
        assert service.job_when_final(str(small["id"]))["status"] == "completed"
