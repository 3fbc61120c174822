"""The life of a service: how it stops, what a stop leaves, and what a backup brings back."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.faults.pipes import wait_for_exit
from support.services.bearer import Bearer
from support.services.park_client import REPOSITORY, Client
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_client import ModelTree

IN_A_BACKUP = ("token", "identity", "index", "files", "areas", "homes", "jobs")
"""What the operator is told to copy, after the database."""


def test_the_ready_file_goes_with_an_orderly_stop_and_outlives_a_kill(tmp_path: Path) -> None:
    with ParkService(tmp_path, "--upstream", "none") as service:
        ready = service.ready
        service.kill()
        assert service.ready == ready
        service.start()  # of one that was killed nothing is left to mislead
        assert service.ready["pid"] != ready["pid"]
        service.stop()
        assert not service.ready_file.exists()


def test_an_interrupt_stops_it_in_order_too(tmp_path: Path) -> None:
    with ParkService(tmp_path, "--upstream", "none") as service:
        pid = service.ready["pid"]
        os.kill(pid, signal.SIGINT)
        wait_for_exit(pid)
        assert not service.ready_file.exists()
        assert not list((service.state / "services").iterdir())
        assert "Traceback" not in service.log


def test_a_token_that_is_deleted_while_it_is_down_opens_nothing_any_more(tmp_path: Path) -> None:
    with ParkService(tmp_path, "--upstream", "none") as service:
        lost = service.token
        service.stop()
        (service.home / "token").unlink()
        service.start()
        assert service.token != lost
        assert service.get("/api/v1")["version"]
        answer = httpx2.get(f"{service.url}/api/v1", auth=Bearer(lost))
        assert answer.status_code == 401


def is_documented(home: Path) -> None:
    """See that the operator's guide says of all that a home has what it is."""
    page = (REPOSITORY / "docs" / "how-to" / "run-a-service.md").read_text("utf-8")
    table = page.partition("## What is on the disk")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = {name.partition("/")[0] for row in rows for name in re.findall(r"`([^`]+)`", row)}
    named |= {f"park.sqlite{end}" for end in named if end.startswith("-")}
    assert {path.name for path in home.iterdir()} <= named
    assert list(home.glob("forkservers/v1/*/log"))  # where one looks when a job says nothing


def backed_up(service: ParkService, folder: Path) -> None:
    """Back up a service that runs, as the operator is told to: SQLite first, then the folders."""
    folder.mkdir()
    with (
        closing(sqlite3.connect(service.home / "park.sqlite")) as source,
        closing(sqlite3.connect(folder / "park.sqlite")) as target,
    ):
        source.backup(target)
    for name in IN_A_BACKUP:
        place = service.home / name
        if name == "homes" and not place.exists():
            continue  # of a service that gives its users no accounts
        if place.is_dir():
            shutil.copytree(place, folder / name, symlinks=True)
        else:
            shutil.copy2(place, folder / name)


@pytest.mark.slow
def test_a_backup_of_a_running_service_brings_back_all_but_environments(
    light_python: Path, client_cache: Path, model: ModelTree, answer: int, tmp_path: Path
) -> None:
    """Jobs, results, files, areas and wheels; the environment is made again for the next job.

    There is no cache in a backup either: it may be deleted while the service is down.
    """
    assert model.root.exists()
    with ParkService(tmp_path / "service", "--slots", "1") as service:
        client = Client.of(light_python, tmp_path / "client", cache=client_cache, service=service)
        lock = client.json("install", "light_model")["lock_hash"]
        ended = client.submit("light_model:write", name="fit.txt", text="chisq 1.9")
        client.run("result", ended)
        client.call("light_model:talk", out="one", err="two")
        source = client.folder / "run.txt"
        source.write_text("counts")
        client.run("files", "put", source, "~/data/")
        waiting = client.script(
            "import json, park, light_model as m; s = park.remote_service()\n"
            "a = s.submit(m.echo, 1, when=park.after(3600)); b = s.submit(m.echo, a); s.flush()\n"
            "print(json.dumps([a.id, b.id]))"
        )
        before = client.json("jobs")
        is_documented(service.home)

        backed_up(service, tmp_path / "backup")
        service.kill()
        shutil.rmtree(service.home)
        shutil.copytree(tmp_path / "backup", service.home, symlinks=True)
        service.home.chmod(0o700)
        service.start()

        assert client.json("jobs") == before
        assert [client.json("status", job)["status"] for job in waiting] == ["waiting"] * 2
        assert client.run("get", ended, "fit.txt", "-o", "-").stdout == "chisq 1.9"
        assert json.loads(client.run("result", ended).stdout).endswith("fit.txt")
        talked = next(job["id"] for job in before if job["entry_point"] == "light_model:talk")
        assert client.run("logs", talked).stdout == "one\n"
        assert client.run("files", "get", "~/data/run.txt", "-o", "back.txt")
        assert (client.folder / "back.txt").read_text() == "counts"
        assert not (service.home / "envs" / "v1" / lock).exists()
        assert client.call("light_model:answer", "--no-memo", "--lock", lock) == answer
        again = client.json("install", "light_model")
        assert (again["lock_hash"], again["built"], again["uploaded"]) == (lock, [], [])
        model.edit("light_model.py", f"ANSWER = {answer}", "ANSWER = 43")
        assert client.call("light_model:answer", "--no-memo") == 43
        assert client.run("cancel", waiting[0], "--dependents").stdout.endswith("cancelled\n")
