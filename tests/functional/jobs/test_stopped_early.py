"""Jobs that are asked to stop and to keep the best that they have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.faults.pipes import wait_for_exit

if TYPE_CHECKING:
    from support.faults.pipes import Pipe
    from support.services.park_client import Client, Scientist


@pytest.fixture(scope="module")
def client(scientist: Scientist) -> Client:
    return scientist.client


def test_a_job_that_looks_returns_its_best_and_leaves_its_files(client: Client, up: Pipe) -> None:
    job = client.submit("light_model:improve", up=str(up))
    up.receive()
    said = client.run("cancel", job, "--keep", "--grace", "600").stdout
    assert said == f"{job}  completed: stopped early, kept its best\n"
    assert 0 < json.loads(client.run("result", job).stdout) <= 9
    assert [file["name"] for file in client.json("status", job)["files"]] == ["best.txt"]
    assert "stopped early, kept its best" in client.run("status", job).stdout
    assert "stopped early, kept its best" in client.run("why", job).stdout


def test_a_job_that_never_looks_is_killed_after_its_grace(client: Client, up: Pipe) -> None:
    job = client.submit("light_model:stubborn", up=str(up))
    pid = int(up.receive())
    said = client.run("cancel", job, "--keep", "--grace", "0").stdout
    assert said.startswith(f"{job}  cancelled: was asked to stop and to keep its best, went on")
    wait_for_exit(pid)
