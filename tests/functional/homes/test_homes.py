"""Homes that are refused with the cause and the remedy, and left exactly as they were."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.material.homes_of_schemas import home_of, restored
from support.material.wheels import make_wheel
from support.services.bearer import Bearer
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ParkService]:
    """Run a light service that has one wheel, and stop it."""
    with ParkService(tmp_path, "--upstream", "none") as service:
        publish(service, make_wheel(tmp_path))
        service.stop()
        yield service


def publish(service: ParkService, wheel: Path) -> None:
    service.request(
        "POST",
        "/legacy/",
        data={":action": "file_upload", "protocol_version": "1"},
        files={"content": (wheel.name, wheel.read_bytes())},
    )


def everything(home: Path) -> dict[str, bytes]:
    """Return all that a home holds, but for the lock that a start takes."""
    files = (path for path in home.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(home)): path.read_bytes() for path in files}


def refusal(service: ParkService) -> str:
    """Try to start; return what is said. Nothing in the home may be another than before."""
    before = everything(service.home)
    done = subprocess.run(
        service.command(),
        env=service.environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode in {2, 4, 5}, done.stderr
    assert done.stderr.startswith(f"park serve: starting on {service.home}\n")
    assert "\npark: error: " in done.stderr
    assert "\nhint: " in done.stderr
    assert everything(service.home) == before
    return done.stderr


def test_a_home_whose_database_is_lost_is_left_until_it_is_back(service: ParkService) -> None:
    database = service.home / "park.sqlite"
    kept = database.rename(service.home.parent / "kept")
    assert "is missing, but the home has 1 folder of wheels" in refusal(service)
    shutil.copy(kept, database)
    service.start()
    assert "demo" in service.request("GET", "/simple/demo/").text


def test_a_damaged_database_is_told_as_that(service: ParkService) -> None:
    with (service.home / "park.sqlite").open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(8192))
    message = refusal(service)
    assert "is damaged" in message
    assert "backup" in message


def test_an_empty_token_is_no_password(service: ParkService) -> None:
    (service.home / "token").write_text("")
    assert "token is empty" in refusal(service)


def test_a_home_that_others_may_read_is_closed(service: ParkService) -> None:
    service.home.chmod(0o755)
    service.start()
    assert stat.S_IMODE(service.home.stat().st_mode) & ~0o011 == 0o700
    assert stat.S_IMODE((service.home / "park.sqlite").stat().st_mode) == 0o600
    assert "its mode was 0755" in service.log


def test_wheels_that_no_row_names_are_put_aside_and_told(service: ParkService) -> None:
    wheel = next((service.home / "index" / "files").rglob("*.whl"))
    stranger = wheel.parent.with_name("0" * 64) / wheel.name
    stranger.parent.mkdir()
    shutil.copy(wheel, stranger)
    service.start()
    assert "put into quarantine" in service.log
    (aside,) = (service.home / "index" / "quarantine").rglob("*.whl")
    assert aside.read_bytes() == wheel.read_bytes()


def test_a_database_that_is_scribbled_on_acknowledges_nothing_more(
    service: ParkService,
) -> None:
    service.start()
    grant = {"files": ["~/run.zip"], "holder": "K" * 43}
    service.request("POST", "/api/v1/grants", json=grant)
    with (service.home / "park.sqlite").open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096 * 20))
    for _ in range(2):
        answer = httpx2.post(
            f"{service.url}/api/v1/grants",
            auth=Bearer(service.token),
            json=grant,
            timeout=LIMIT_S,
        )
        assert answer.status_code == 500
        assert "is damaged, and nothing was kept" in answer.json()["detail"]
    assert service.log.count("nothing is acknowledged any more") == 1


def test_a_home_of_the_first_schema_is_served(tmp_path: Path) -> None:
    """Its processes and folders are gone with its machine: what ran is told as lost."""
    service = ParkService(tmp_path, "--upstream", "none")
    service.home.mkdir(mode=0o700)
    restored("0001", service.home / "park.sqlite")
    with service:
        for job, said in home_of("0001")["jobs"].items():
            now = service.job_when_final(job)
            if said["job"]["status"] in {"completed", "failed"}:
                assert said["job"].items() <= now.items()
            else:
                assert (now["status"], bool(now["error"])) == ("failed", True)
            if "result" in said:
                assert service.result_of(job) == said["result"]
