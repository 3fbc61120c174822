"""One service leads, others stand by for it and take over: no job is lost, none runs twice.

A few jobs and kills here; PARK_STANDBY_JOBS and PARK_STANDBY_KILLS ask for more, and print how
long each took.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.neighbours.postgresql import server
from support.services.park_service import NO_AUTHORITIES, ParkService
from support.session.limits import LIMIT_S

from park.model.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOBS = int(os.environ.get("PARK_STANDBY_JOBS", "40"))
KILLS = int(os.environ.get("PARK_STANDBY_KILLS", "2"))
BATCH = 20
HALF = (
    b"POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n["
)
RELEASE = "sortedcontainers", "2.4.0"


@pytest.fixture
def url() -> Iterator[str]:
    yield server().create("led").render_as_string()
    server().drop("led")


def standby_of(leader: ParkService, root: Path, *options: str) -> ParkService:
    """Start another service on the home of ``leader``; return it once it stands by."""
    other = ParkService(root, "--standby", *options)
    other.home = leader.home
    other.begin().until_said("park stands by for")
    return other


def address_of(standby: ParkService) -> str:
    found = re.findall(r"stands by for .* at (http\S+)", standby.log)
    return str(found[-1])


def test_a_standby_hands_on_what_it_is_asked_and_serves_when_the_leader_stops(
    tmp_path: Path,
) -> None:
    none = "--upstream", "none"
    with ParkService(tmp_path / "one", *none) as leader:
        refused = ParkService(tmp_path / "refused", *none)
        refused.home = leader.home
        with pytest.raises(AssertionError, match="another park service runs on the home"):
            refused.start()
        standby = standby_of(leader, tmp_path / "two", *none)
        # at once: what it asks its machine before it stands by may take a minute at load
        said = standby.log.splitlines()
        assert f"another service has {leader.home}; this one takes it when" in "".join(said[:3])
        where = address_of(standby)
        answer = httpx2.get(f"{where}/health", timeout=LIMIT_S)
        assert (answer.status_code, answer.json()) == (200, {"status": "standby"})
        answer = httpx2.get(f"{where}/ready", timeout=LIMIT_S)
        assert (answer.status_code, answer.json()) == (200, {"status": "standby", "reasons": []})
        assert httpx2.get(f"{where}/api/v1/jobs", timeout=LIMIT_S).status_code == 401
        own = {"Authorization": f"Bearer {leader.token}"}
        answer = httpx2.get(f"{where}/api/v1/jobs", headers=own, timeout=LIMIT_S)
        assert (answer.status_code, answer.json()) == (200, [])
        assert leader.stop() == 0
        with_it = standby.until_ready()
        assert with_it.url == where
        assert with_it.get("/ready") == {"status": "ready", "reasons": []}
        assert f"park takes {leader.home} over" in standby.log
        assert standby.stop() == 0


def test_a_standby_ends_when_it_is_told(tmp_path: Path) -> None:
    with ParkService(tmp_path / "one", "--upstream", "none") as leader:
        standby = standby_of(leader, tmp_path / "two", "--upstream", "none")
        assert standby.stop() == 0
        assert f"park takes {leader.home} over" not in standby.log
        assert leader.get("/ready")["status"] == "ready"


@pytest.mark.slow
def test_nothing_that_hangs_when_the_leader_is_killed_holds_the_next_one(tmp_path: Path) -> None:
    """A fork server that answers nobody, and a client that has sent half of what it wants."""
    none = "--upstream", "none", "--slots", "2"
    with ParkService(tmp_path / "one", "--slots", "2") as leader:
        lock_hash = leader.offer(*RELEASE)
        first = job(lock_hash, str(tmp_path / "ran"))
        submit([leader.url], leader.token, [first])
        assert leader.job_when_final(first["id"])["status"] == "completed"
        (hangs,) = (each["pid"] for each in leader.get("/api/v1/fork-servers"))
        standby = standby_of(leader, tmp_path / "two", *none)
        host, _, port = address_of(standby).removeprefix("http://").partition(":")
        os.kill(hangs, signal.SIGSTOP)
        try:
            with socket.create_connection((host, int(port))) as half:
                half.sendall(HALF % leader.token.encode())
                leader.kill()
                with_it = standby.until_ready()
                second = job(lock_hash, str(tmp_path / "ran too"))
                submit([with_it.url], leader.token, [second])
                assert with_it.job_when_final(second["id"])["status"] == "completed"
        finally:
            os.kill(hangs, signal.SIGCONT)
        assert standby.stop() == 0


@pytest.mark.slow
def test_the_leader_is_killed_amid_jobs_again_and_again(tmp_path: Path, url: str) -> None:
    options = "--slots", "2", "--database", url
    ran = tmp_path / "ran"
    ran.mkdir()
    with ParkService(tmp_path / "0", *options) as first:
        lock_hash = first.offer(*RELEASE)
        # a second run of one finds its folder there, and fails
        jobs = [job(lock_hash, str(ran / str(number))) for number in range(JOBS)]
        leading, asked = [first], [first.url]
        submitting = threading.Thread(target=submit, args=(asked, first.token, jobs))
        submitting.start()
        for number in range(1, KILLS + 1):
            standby = standby_of(first, tmp_path / str(number), *options)
            asked.append(address_of(standby))  # which hands jobs on, until it leads itself
            some_ran(ran, number * JOBS // (KILLS + 2))
            began = time.monotonic()
            leading[-1].kill()
            standby.until_ready()
            print(f"taken over in {time.monotonic() - began:.2f} s")  # noqa: T201 (by hand)
            leading.append(standby)
        submitting.join()
        last = leading[-1]
        ended = [last.job_when_final(each["id"]) for each in jobs]
        assert [each["status"] for each in ended] == ["completed"] * JOBS
        told = completions(last)
        assert sorted(told) == sorted(each["id"] for each in jobs)
        assert last.stop() == 0


def job(lock_hash: str, folder: str) -> dict[str, Any]:
    call = {"args": [folder], "kwargs": {}}
    facts = {"entry_point": "os:mkdir", "call": call, "lock_hash": lock_hash, "memo": False}
    return {"id": new_id(), **facts}


def submit(asked: list[str], token: str, jobs: list[dict[str, Any]]) -> None:
    """Submit ``jobs`` to the newest of those ``asked``, again until it is acknowledged."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    for first in range(0, len(jobs), BATCH):
        content = json.dumps(jobs[first : first + BATCH])
        while True:
            try:
                url = f"{asked[-1]}/api/v1/jobs"
                answer = httpx2.post(
                    url, content=content, headers=headers, timeout=LIMIT_S, verify=NO_AUTHORITIES
                )
            except httpx2.TransportError:
                pass  # it has just been killed
            else:
                if not answer.is_error:
                    break
                assert answer.status_code == 503, answer.text  # nobody leads for a moment
            threading.Event().wait(0.05)


def some_ran(folder: Path, count: int) -> None:
    """Wait until ``count`` jobs have run: what is killed is in the middle of them."""
    deadline = time.monotonic() + LIMIT_S
    while len(os.listdir(folder)) < count:  # noqa: PTH208 (names)
        assert time.monotonic() < deadline, f"fewer than {count} jobs ran"
        threading.Event().wait(0.01)


def completions(service: ParkService) -> list[str]:
    """Return the jobs that were completed, as often as that was told."""
    found, after = [], 0
    while told := service.get("/api/v1/events", after=after):
        found += [each["id"] for each in told if each["type"] == "completed"]
        after = told[-1]["seq"]
    return [each for each in found if each is not None]
