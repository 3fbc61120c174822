"""What goes can go: jobs by hand and by age, and an operator sees what is taken."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faults.pipes import Pipe
    from support.services.park_client import Client, Scientist


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service of its own: what others have would go as well."""
    with ParkService(tmp_path_factory.mktemp("retaining"), "--slots", "2") as running:
        yield running


@pytest.fixture(scope="module")
def client(scientist: Scientist) -> Client:
    return scientist.client


def test_a_job_is_removed_with_what_it_left(client: Client, tmp_path: Path) -> None:
    job = client.submit("light_model:write", name="run.refl", text="q r dr")
    client.run("result", job)
    assert client.run("get", job, "run.refl", "-o", tmp_path / "there").returncode == 0
    assert client.run("rm", job).stdout == f"{job}  removed\n"
    assert f"no job {job}" in client.error("status", job, status=2)
    assert f"no job {job}" in client.error("get", job, "run.refl", status=2)
    assert job not in client.run("jobs").stdout


def test_what_runs_is_not_removed(client: Client, up: Pipe, go: Pipe, tmp_path: Path) -> None:
    job = client.submit("light_model:hold", up=str(up), go=str(go), runs=str(tmp_path / "runs"))
    up.receive()
    message = client.error("rm", job, status=5)
    assert f"job {job} is running: only what has ended is removed" in message
    assert f"hint: park cancel {job}" in message
    go.send("end")
    client.run("result", job)


@pytest.mark.slow
def test_a_file_that_went_with_its_job_is_sent_again(client: Client, tmp_path: Path) -> None:
    data = tmp_path / "film.txt"
    data.write_text(f"counts of {tmp_path}")
    first = client.submit("light_model:read", "--file", f"path={data}")
    assert client.json("result", first) == data.read_text()
    client.run("rm", first)
    again = client.submit("light_model:read", "--file", f"path={data}")
    assert client.json("result", again) == data.read_text()


@pytest.mark.slow
def test_an_operator_sees_what_is_taken_and_removes_what_is_old(client: Client) -> None:
    job = client.submit("light_model:answer")
    client.run("result", job)
    usage = client.json("admin", "usage")
    assert {part["name"] for part in usage["parts"]} >= {"jobs", "files", "store", "database"}
    assert usage["jobs"] >= 1
    assert "free" in client.run("admin", "usage").stdout
    young = client.json("admin", "clean", "--older-than", "1d")
    assert young["jobs"] == 0
    would = client.run("admin", "clean", "--older-than", "0s", "--dry-run").stdout
    assert would.startswith("would remove ")
    assert client.json("status", job)["status"] == "completed"
    message = client.error("admin", "clean", "--older-than", "soon", status=2)
    assert "hint: for example --older-than 90d" in message


@pytest.mark.slow
def test_a_pinned_job_stays_until_it_is_unpinned(client: Client) -> None:
    job = client.submit("light_model:write", name="run.refl", text="q r dr")
    client.run("result", job)
    assert client.run("pin", job[-8:]).stdout == f"{job}  pinned\n"
    assert "\npinned       2" in client.run("status", job).stdout
    (line,) = [each for each in client.run("jobs").stdout.splitlines() if job[-6:] in each]
    assert line.endswith("pinned")
    message = client.error("rm", job, status=5)
    assert f"job {job} is pinned since 2" in message
    assert f"hint: park unpin {job}" in message
    client.run("admin", "clean", "--older-than", "0s", "--logs-older-than", "0s")
    assert client.json("status", job)["logs_removed"] is None
    assert client.json("admin", "usage")["pinned"] == 1
    assert client.run("unpin", job).stdout == f"{job}  unpinned\n"
    assert "pinned" not in client.run("status", job).stdout
    client.run("rm", job)


def test_what_was_compiled_and_nobody_looks_at_goes_while_the_service_runs(
    service: ParkService, client: Client
) -> None:
    """Not when it starts, which it would keep for as long as there is much."""
    compiled = service.home / "cache" / "numba" / "someone"
    for name in ("old", "young"):
        (compiled / name).mkdir(parents=True)
        (compiled / name / "kernel.nbc").touch()
    os.utime(compiled / "old", (0, 0))
    client.json("admin", "clean")
    assert [path.name for path in compiled.iterdir()] == ["young"]


def test_a_handle_pins_its_job(client: Client) -> None:
    script = """
import json
import park
service = park.remote_service()
job = service.submit("light_model:answer")
job.pin()
told = [job.refresh().pinned is not None]
job.result()
job.unpin()
print(json.dumps(told + [job.refresh().pinned, job.id]))
"""
    told, pinned, job = client.script(script)
    assert (told, pinned) == (True, None)
    assert [e["type"] for e in client.events() if e["id"] == job and "pin" in e["type"]] == [
        "pinned",
        "unpinned",
    ]


@pytest.mark.slow
def test_logs_that_went_are_told_and_the_result_is_there(client: Client) -> None:
    job = client.submit("light_model:answer")
    client.run("result", job)
    said = client.run("admin", "clean", "--logs-older-than", "0s").stdout
    assert "the logs of " in said
    message = client.error("logs", job, status=2)
    assert f"the logs of job {job} were removed 2" in message
    assert f"hint: its result is still there: park result {job}; park pin JOB" in message
    assert "\nlogs         removed 2" in client.run("status", job).stdout
    assert client.run("result", job).returncode == 0


@pytest.mark.slow
def test_a_tree_that_went_is_sent_again_by_the_same_client(client: Client) -> None:
    """Its caches know the wheel, and the environment that there was."""
    job = client.submit("light_model:answer")
    value = client.json("result", job)
    lock = client.json("status", job)["lock_hash"]
    old = ["--older-than", "0s", "--trees-older-than", "0s", "--newest-trees", "0"]
    would = client.json("admin", "clean", *old, "--dry-run")
    done = client.json("admin", "clean", *old)
    assert done["trees"] >= 1
    assert done["environments"] >= 1
    assert would["jobs"] == done["jobs"]
    assert not any(each["lock_hash"] == lock for each in client.json("env", "list"))
    assert client.json("admin", "usage")["shares"][2]["size_bytes"] == 0
    again = client.submit("light_model:answer")
    assert client.json("result", again) == value
    assert client.json("status", again)["lock_hash"] == lock


def test_shares_are_told_against_the_quotas(client: Client) -> None:
    said = client.run("admin", "usage").stdout
    assert "\njobs: " in said
    assert ", no quota (calls " in said
    assert "\nenvironments: " in said
    assert "quarantine" in said
