"""What goes can go: jobs by hand and by age, and an operator sees what is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from support.faults.pipes import Pipe
    from support.services.park_client import Client, Scientist


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


def test_a_file_that_went_with_its_job_is_sent_again(client: Client, tmp_path: Path) -> None:
    data = tmp_path / "film.txt"
    data.write_text(f"counts of {tmp_path}")
    first = client.submit("light_model:read", "--file", f"path={data}")
    assert client.json("result", first) == data.read_text()
    client.run("rm", first)
    again = client.submit("light_model:read", "--file", f"path={data}")
    assert client.json("result", again) == data.read_text()


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
