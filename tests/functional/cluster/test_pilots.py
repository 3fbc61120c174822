"""Many small jobs on Parsl's pilots, and what becomes of them whatever is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.pipes import Pipe, wait_for_exit
from support.services.park_client import Client, client_with_jobs
from support.services.park_service import ParkService
from support.services.pilot_processes import (
    driver_of,
    helpers_of,
    interchange_of,
    pools_of,
    workers_of,
)
from support.services.user_world import UserWorld

from park.model.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

JOBS = """
import os
import threading
from pathlib import Path

import park


def pid(x):
    print("out", x)
    Path("left.txt").write_text("left")
    return {"x": x, "pid": os.getpid(), "parent": os.getppid()}


def held(ran, up, go):
    with open(ran, "a") as file:
        file.write(f"{os.getpid()}\\n")
    with open(up, "w") as file:
        file.write("up")
    with open(go) as file:
        file.readline()
    return "done"


@park.job(timeout=1)
def limited():
    threading.Event().wait()


def small(x):
    return x


def one_held(x, which, up, go):
    if x == which:
        with open(up, "w") as file:
            file.write("up")
        with open(go) as file:
            file.readline()
    return x
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    pytest.importorskip("parsl", reason="Parsl is not installed here")
    root = tmp_path_factory.mktemp("pilots")
    with ParkService(root, "--engine", "parsl", "--engine", "local", "--slots", "3") as running:
        yield running


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, served: ParkService
) -> Client:
    folder = tmp_path_factory.mktemp("pilots-user")
    return client_with_jobs(folder, JOBS, cache=client_cache, service=served)


class Held:
    """A job that says that it runs, and returns once it is let go."""

    def __init__(self, client: Client, folder: Path, *options: str) -> None:
        self.up, self._go, self._ran = Pipe(folder / "up"), Pipe(folder / "go"), folder / "ran"
        self.id = client.submit(
            "light_model:held", *options, ran=str(self._ran), up=str(self.up), go=str(self._go)
        )
        assert self.up.receive() == "up"

    @property
    def pids(self) -> list[int]:
        return [int(line) for line in self._ran.read_text().splitlines()]

    def let_go(self) -> None:
        self._go.send("go")


def test_jobs_run_in_forks_of_a_worker_and_leave_what_they_leave_anywhere(
    client: Client, served: ParkService
) -> None:
    jobs = [client.submit("light_model:pid", x=each) for each in range(6)]
    results = [served.result_of(job) for job in jobs]
    assert [result["x"] for result in results] == [*range(6)]
    assert len({result["pid"] for result in results}) == 6
    assert len({result["parent"] for result in results}) <= 3  # a fork server in each worker
    record = served.get(f"/api/v1/jobs/{jobs[0]}")
    assert [each["name"] for each in record["files"]] == ["left.txt"]
    assert client.run("logs", jobs[0]).stdout == "out 0\n"


def test_jobs_of_users_have_the_network_of_their_node(served: ParkService, tmp_path: Path) -> None:
    """Several nodes speak to each other; of the service's own machine they have a loopback."""
    function = b"import os\ndef network(where):\n    return os.readlink('/proc/self/ns/net')\n"
    world = UserWorld(served, tmp_path, {"attacks.py": function})
    found = {}
    for engine in ("parsl", "local"):
        job: dict[str, Any] = {
            "id": new_id(),
            "entry_point": "attacks:network",
            "lock_hash": world.lock,
            "call": {"args": [engine], "kwargs": {}},
            "resources": {"engine": engine},
        }
        assert world.ask("ada", "POST", "jobs", json=[job]).status_code == 200
        record = world.record("ada", job["id"])
        assert record["status"] == "completed", record
        found[engine] = world.ask("ada", "GET", f"jobs/{job['id']}/result").json()["result"]
    assert found["parsl"] == str(Path("/proc/self/ns/net").readlink()) != found["local"]


def test_short_jobs_may_share_a_process_and_leave_each_their_own(
    client: Client, served: ParkService
) -> None:
    done: Any = client.script(
        "import json, park, light_model\n"
        "calls = [(x,) for x in range(12)]\n"
        "jobs = park.remote_service().submit_all(light_model.pid, calls, reuse=True)\n"
        "print(json.dumps([[job.id, job.result()] for job in jobs]))"
    )
    assert [result["x"] for _, result in done] == [*range(12)]
    assert len({result["pid"] for _, result in done}) <= 3  # the first of each worker's
    last = done[-1][0]
    record = served.get(f"/api/v1/jobs/{last}")
    assert [each["name"] for each in record["files"]] == ["left.txt"]
    assert client.run("logs", last).stdout == "out 11\n"
    alone = served.result_of(client.submit("light_model:pid", x=1))
    assert alone["pid"] not in {result["pid"] for _, result in done}


def test_one_that_takes_long_keeps_none_waiting_that_share_a_task_with_it(
    client: Client, served: ParkService, tmp_path: Path
) -> None:
    up, go = Pipe(tmp_path / "up"), Pipe(tmp_path / "go")

    def submitted(count: int, which: int) -> Any:
        return client.script(
            "import json, park, light_model\n"
            f"calls = [(x, {which}, {str(up)!r}, {str(go)!r}) for x in range({count})]\n"
            "service = park.remote_service()\n"
            "jobs = service.submit_all(light_model.one_held, calls, reuse=True, memo=False)\n"
            "print(json.dumps([job.id for job in jobs]))"
        )

    for each in submitted(60, -1):  # by these they are known to be short
        assert served.job_when_final(each)["status"] == "completed"
    jobs = submitted(60, 20)
    assert up.receive() == "up"
    others = [served.job_when_final(each) for each in (*jobs[:20], *jobs[21:])]
    assert {each["status"] for each in others} == {"completed"}
    assert served.get(f"/api/v1/jobs/{jobs[20]}")["status"] == "running"
    go.send("go")
    assert served.job_when_final(jobs[20])["status"] == "completed"


def test_it_is_shown_beside_the_other_engines(client: Client) -> None:
    assert [each["engine"] for each in client.json("queues")] == ["parsl", "local"]
    said = client.error("submit", "light_model:pid", "-a", "x=1", "--cpus", "2", "--engine",
                        "parsl", status=5)  # fmt: skip
    assert "parsl: 2 cpus on 1 nodes are asked for, and each worker is one" in said


def test_a_limit_of_time_counts_from_the_start_in_a_worker(client: Client) -> None:
    failed = client.json("run", "light_model:limited", status=1)
    assert failed["error"].startswith("ran longer than its 1 s and was stopped")


def test_a_cancel_ends_what_runs(client: Client, tmp_path: Path) -> None:
    held = Held(client, tmp_path)
    assert client.run("cancel", held.id).stdout == f"{held.id}  cancelled\n"
    wait_for_exit(held.pids[0])


def killed(which: Callable[[Path], list[int]]) -> Callable[[ParkService], None]:
    def kill(served: ParkService) -> None:
        found = which(served.home)
        assert found
        for pid in found:
            os.kill(pid, signal.SIGKILL)

    return kill


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(ParkService.restart, id="service", marks=pytest.mark.slow),
        pytest.param(killed(interchange_of), id="interchange"),
        pytest.param(killed(driver_of), id="driver", marks=pytest.mark.slow),
        pytest.param(killed(workers_of), id="workers"),
        pytest.param(killed(pools_of), id="pilot", marks=pytest.mark.slow),
    ],
)
def test_a_job_that_runs_goes_on_whatever_is_killed_around_it(
    client: Client, served: ParkService, tmp_path: Path, fault: Callable[[ParkService], Any]
) -> None:
    held = Held(client, tmp_path)
    fault(served)
    held.let_go()
    record = served.job_when_final(held.id)
    assert (record["status"], record["error"]) == ("completed", None)
    assert served.result_of(held.id) == "done"
    assert len(held.pids) == 1
    assert client.call("light_model:small", x=7) == 7  # and the next one finds a worker


def test_nothing_of_a_pilot_that_was_killed_stays_on_its_node(
    client: Client, served: ParkService
) -> None:
    assert client.call("light_model:small", x=6) == 6
    started = helpers_of(served.home)
    assert len(started) >= 4  # three workers, and what holds what they share
    killed(pools_of)(served)
    for each in started:
        wait_for_exit(each)


@pytest.mark.parametrize("reuse", [False, True])
def test_what_waits_is_neither_lost_nor_completed_twice(
    client: Client, served: ParkService, *, reuse: bool
) -> None:
    done: Any = client.script(
        "import json, park, light_model\n"
        "calls = [(x,) for x in range(60)]\n"
        f"how = {{'reuse': {reuse}, 'memo': False}}\n"
        "jobs = park.remote_service().submit_all(light_model.small, calls, **how)\n"
        "jobs[5].result()\n"
        "print(json.dumps([job.id for job in jobs]))"
    )
    killed(driver_of)(served)
    served.restart()
    assert [served.job_when_final(job)["status"] for job in done] == ["completed"] * 60
    events = served.get("/api/v1/events", limit=10_000)
    ended = [each["id"] for each in events if each["type"] == "completed"]
    assert sorted(set(done) & {*ended}) == sorted(each for each in ended if each in done)
