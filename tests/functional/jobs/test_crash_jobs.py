"""``kill -9`` while jobs are queued, run and end: each runs once, and keeps its process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.pipes import Pipe, wait_for_exit
from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.session.slow_cases import slow_after

from park.runtime.processes import is_running

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER = 42


@pytest.fixture(scope="module")
def crashing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service for one job at a time, which every test kills."""
    with ParkService(tmp_path_factory.mktemp("crashing"), "--slots", "1") as running:
        yield running


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, crashing: ParkService
) -> Client:
    """Give a client whose model is installed there."""
    folder = tmp_path_factory.mktemp("crash-jobs")
    tree = ModelTree("light-model", folder)
    python = make_virtualenv(folder / "venv", tree.root)
    client = Client.of(python, folder / "client", cache=client_cache, service=crashing)
    client.run("install", "light_model")
    return client


@dataclass(frozen=True, kw_only=True)
class Strings:
    """What a test pulls a job by; each run of it adds its process to the file ``runs``."""

    up: Pipe
    go: Pipe
    runs: Path


@pytest.fixture
def strings(up: Pipe, go: Pipe, tmp_path: Path) -> Strings:
    """Give the strings of one job."""
    return Strings(up=up, go=go, runs=tmp_path / "runs")


def processes(runs: Path) -> list[int]:
    return [int(line) for line in runs.read_text().splitlines()]


def held(client: Client, strings: Strings, *options: str) -> tuple[str, int]:
    """Submit a job that waits to be let go; return its id and its process, once it runs."""
    pulled = {"up": str(strings.up), "go": str(strings.go), "runs": str(strings.runs)}
    job = client.submit("light_model:hold", *options, **pulled)
    return job, int(strings.up.receive())


def result(client: Client, job: str) -> Any:
    return json.loads(client.run("result", job).stdout)


def test_jobs_that_were_just_acknowledged(
    client: Client, crashing: ParkService, tmp_path: Path
) -> None:
    script = """
import json, os, signal, sys, park, light_model
service, pid, folder = park.remote_service(), int(sys.argv[1]), sys.argv[2]
jobs = [service.submit(light_model.count, f"{folder}/run-{n}") for n in range(5)]
service.flush()
os.kill(pid, signal.SIGKILL)
print(json.dumps([job.id for job in jobs]))
"""
    jobs = client.script(script, str(crashing.ready["pid"]), tmp_path)
    crashing.restart()
    assert [result(client, job) for job in jobs] == [ANSWER] * 5
    assert [len(processes(tmp_path / f"run-{n}")) for n in range(5)] == [1] * 5


@pytest.mark.slow
@pytest.mark.parametrize("options", slow_after(1, [[], ["--fresh"]]), ids=["forked", "fresh"])
def test_a_running_job_keeps_its_process(
    client: Client, crashing: ParkService, strings: Strings, options: list[str]
) -> None:
    job, pid = held(client, strings, *options)
    crashing.restart()
    record = client.json("status", job)
    assert (record["status"], record["pid"], record["attempt"]) == ("running", pid, 1)
    assert client.run("logs", job).stdout == "holding\n"
    strings.go.send("went on")
    assert result(client, job) == "went on"
    assert processes(strings.runs) == [pid]


@pytest.mark.slow
def test_jobs_that_were_queued_behind_a_full_set_of_slots(
    client: Client, crashing: ParkService, strings: Strings
) -> None:
    job, pid = held(client, strings)
    path = str(strings.runs)
    queued = [client.submit("light_model:count", "--no-memo", path=path) for _ in range(3)]
    assert {client.json("status", each)["status"] for each in queued} == {"queued"}
    crashing.restart()
    assert {client.json("status", each)["status"] for each in queued} == {"queued"}
    strings.go.send("go on")
    assert [result(client, each) for each in queued] == [ANSWER] * 3
    assert result(client, job) == "go on"
    started = [client.json("status", each)["started"] for each in (job, *queued)]
    assert started == sorted(started)
    assert len(processes(strings.runs)) == 4
    assert processes(strings.runs)[0] == pid


@pytest.mark.slow
def test_a_queued_job_that_was_cancelled_stays_so(
    client: Client, crashing: ParkService, strings: Strings, tmp_path: Path
) -> None:
    held_job, _ = held(client, strings)
    queued = client.submit("light_model:count", path=str(tmp_path / "never"))
    client.run("cancel", queued)
    crashing.restart()
    strings.go.send("go on")
    result(client, held_job)
    record = client.json("status", queued)
    assert (record["status"], record["error"]) == ("cancelled", "cancelled before it started")
    assert not (tmp_path / "never").exists()


@pytest.mark.slow
def test_a_job_that_completed_while_nobody_looked(
    client: Client, crashing: ParkService, strings: Strings
) -> None:
    job, pid = held(client, strings)
    crashing.kill()
    strings.go.send("alone")
    wait_for_exit(pid)
    crashing.start()
    assert result(client, job) == "alone"
    assert client.json("status", job)["attempt"] == 1
    assert processes(strings.runs) == [pid]


@pytest.mark.slow
def test_a_job_that_was_killed_while_nobody_looked(
    client: Client, crashing: ParkService, strings: Strings
) -> None:
    job, pid = held(client, strings)
    crashing.kill()
    os.kill(pid, signal.SIGKILL)
    wait_for_exit(pid)
    crashing.start()
    record = crashing.job_when_final(job)
    assert record["status"] == "failed"
    assert "SIGKILL" in record["error"] or record["error"].startswith("lost with ")
    assert processes(strings.runs) == [pid]


@pytest.mark.slow
def test_a_cancel_that_was_asked_for_before_is_known_after(
    client: Client, crashing: ParkService, strings: Strings
) -> None:
    job = client.submit("light_model:reluctant", up=str(strings.up), go=str(strings.go))
    pid = int(strings.up.receive())
    with subprocess.Popen(
        [client.python.with_name("park"), "cancel", job],
        env=client.environ(),
        stderr=subprocess.PIPE,
        text=True,
    ) as cancelling:
        assert strings.up.receive() == "heard"
        crashing.kill()
        cancelling.communicate(timeout=LIMIT_S)
    crashing.start()
    strings.go.send("well then")  # unless its grace is over by now, on a slow machine
    record = crashing.job_when_final(job)
    assert (record["status"], record["error"]) == ("cancelled", "cancelled on request")
    assert not is_running(pid)  # what forked it may wait for it a moment later


@pytest.mark.slow
def test_an_orderly_stop_leaves_a_running_job_too(
    client: Client, crashing: ParkService, strings: Strings
) -> None:
    job, pid = held(client, strings)
    crashing.stop()
    crashing.start()
    assert client.json("status", job)["pid"] == pid
    strings.go.send("still here")
    assert result(client, job) == "still here"
    assert processes(strings.runs) == [pid]


@pytest.mark.slow
def test_many_deaths_of_the_service_are_one_run_of_the_job(
    client: Client, crashing: ParkService, strings: Strings
) -> None:
    job, pid = held(client, strings)
    for _ in range(3):
        crashing.restart()
    strings.go.send("once")
    assert result(client, job) == "once"
    assert processes(strings.runs) == [pid]
    assert client.json("status", job)["attempt"] == 1
