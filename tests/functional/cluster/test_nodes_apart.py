"""Nodes that share nothing with their service: all that a job needs comes, all it leaves goes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.pipes import Pipe
from support.neighbours.ports import free_port
from support.neighbours.slurm_cluster import SlurmCluster, missing_programs
from support.services.park_client import REPOSITORY, Client, client_with_jobs
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

JOBS = """
import os
import sys
import threading
from pathlib import Path

import park


def carried(data, hidden):
    print("out")
    print("err", file=sys.stderr)
    park.progress(1, 2, chisq=0.5)
    Path("deep").mkdir()
    Path("deep/left.txt").write_text(Path(data).read_text() * 2)
    Path("twice.txt").write_text(Path(data).read_text() * 2)
    Path("empty").touch()
    return {
        "prefix": sys.prefix,
        "sees": [each for each in hidden if os.listdir(each)],
        "token": os.environ.get("PARK_NODE_TOKEN"),
        "node": os.environ["SLURMD_NODENAME"],
    }


def held(up, go, size):
    with open(up, "w") as file:
        file.write("up")
    with open(go) as file:
        file.readline()
    with open("large", "wb") as file:
        file.write(os.urandom(size))
    return size


def until_asked(up):
    with open(up, "w") as file:
        file.write("up")
    while not park.should_stop():
        threading.Event().wait(0.05)
    return "best"
"""

LARGE = 9_000_000
"""More than one piece of what travels at once."""


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return what nodes do not see: all of the service, its program too, and its users."""
    return [REPOSITORY, tmp_path_factory.getbasetemp().resolve()]


@pytest.fixture(scope="module")
def cluster(hidden: list[Path]) -> Iterator[SlurmCluster]:
    if missing := missing_programs():
        pytest.skip(f"no Slurm here: {', '.join(missing)} (Debian: slurmctld slurmd munge)")
    if os.geteuid() != 0:
        pytest.skip("only root can hide folders from the nodes of its cluster")
    before = os.environ.get("SLURM_CONF")
    with (
        tempfile.TemporaryDirectory(prefix="sa", dir="/var/tmp") as folder,
        SlurmCluster(Path(folder), nodes=1, hidden=hidden) as running,
    ):
        os.environ["SLURM_CONF"] = str(running.conf)
        try:
            yield running
        finally:
            os.environ.pop("SLURM_CONF")
            if before is not None:
                os.environ["SLURM_CONF"] = before


@pytest.fixture(scope="module")
def store(cluster: SlurmCluster) -> Path:
    return cluster.root / "store"


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, store: Path, cluster: SlurmCluster
) -> Iterator[ParkService]:
    assert cluster.nodes
    options = ["--engine", "slurm", "--node-store", str(store), "--port", str(free_port())]
    with ParkService(tmp_path_factory.mktemp("apart"), *options) as running:
        yield running


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, served: ParkService
) -> Client:
    folder = tmp_path_factory.mktemp("apart-user")
    return client_with_jobs(folder, JOBS, cache=client_cache, service=served)


def carried(client: Client, hidden: list[Path]) -> dict[str, Any]:
    """Run a job with a file that lies with the user; return what it says, and what it left."""
    (client.folder / "data.txt").write_text("content")
    done: dict[str, Any] = client.script(
        "import json, park, light_model\n"
        "service = park.remote_service()\n"
        f"job = service.submit(light_model.carried, park.File('data.txt'), {[*map(str, hidden)]})\n"
        "result = job.result()\n"
        "print(json.dumps({'id': job.id, 'result': result}))"
    )
    return done


def test_a_job_finds_all_that_it_needs_and_all_that_it_leaves_comes_back(
    client: Client, served: ParkService, store: Path, hidden: list[Path]
) -> None:
    done = carried(client, hidden)
    assert done["result"] == {
        "prefix": done["result"]["prefix"],
        "sees": [],
        "token": None,
        "node": "n1",
    }
    assert Path(done["result"]["prefix"]).is_relative_to(store / "envs")
    record = served.get(f"/api/v1/jobs/{done['id']}")
    assert [each["name"] for each in record["files"]] == ["deep/left.txt", "empty", "twice.txt"]
    left = served.request("GET", f"/api/v1/jobs/{done['id']}/files/deep/left.txt")
    assert left.text == "contentcontent"
    assert record["progress"]["values"] == {"chisq": 0.5}
    assert client.run("logs", done["id"]).stdout == "out\n"
    assert served.request("GET", f"/api/v1/jobs/{done['id']}/logs/stderr").text == "err\n"
    assert not [*(store / "jobs").iterdir()]


def test_an_environment_that_was_changed_on_the_node_is_made_again(
    client: Client, served: ParkService, store: Path, hidden: list[Path]
) -> None:
    first = carried(client, hidden)
    changed = next((store / "store" / "v1").glob("*/site/light_model.py"))
    text = changed.read_text()
    changed.chmod(0o644)
    changed.write_text(text.replace('"out"', '"forged"'))
    again = carried(client, hidden)
    assert client.run("logs", again["id"]).stdout == "out\n"
    assert again["id"] != first["id"]
    assert served.job_when_final(again["id"])["status"] == "completed"


def test_what_a_job_leaves_arrives_though_its_service_was_killed_meanwhile(
    client: Client, served: ParkService, cluster: SlurmCluster
) -> None:
    up, go = Pipe(cluster.root / "up"), Pipe(cluster.root / "go")
    with up, go:
        job = client.submit("light_model:held", up=str(up), go=str(go), size=LARGE)
        assert up.receive() == "up"
        served.kill()
        go.send("go")
        served.start()
        record = served.job_when_final(job)
    assert (record["status"], record["error"]) == ("completed", None)
    assert [(each["name"], each["size"]) for each in record["files"]] == [("large", LARGE)]
    assert cluster.count_of(job) == 1


def test_a_job_hears_that_it_is_to_stop(
    client: Client, served: ParkService, cluster: SlurmCluster
) -> None:
    with Pipe(cluster.root / "asked") as up:
        job = client.submit("light_model:until_asked", up=str(up))
        assert up.receive() == "up"
        client.run("cancel", "--keep", job)
    assert served.result_of(job) == "best"


def test_a_job_that_is_cancelled_ends_on_its_node(
    client: Client, served: ParkService, cluster: SlurmCluster
) -> None:
    with Pipe(cluster.root / "never") as up, Pipe(cluster.root / "gone") as go:
        job = client.submit("light_model:held", up=str(up), go=str(go), size=1)
        assert up.receive() == "up"
        assert client.run("cancel", job).stdout == f"{job}  cancelled\n"
    assert served.job_when_final(job)["error"] == "cancelled on request"


def test_a_node_that_does_not_reach_its_service_says_so_in_a_line(
    client: Client, served: ParkService, cluster: SlurmCluster
) -> None:
    served.stop()
    nowhere = f"http://127.0.0.1:{free_port()}"
    os.environ["PARK_NODE_PATIENCE_S"] = "0"
    try:
        with ParkService(
            served.home.parent, *served.options, "--url", nowhere, "--allow-host", "127.0.0.1"
        ) as unreachable:
            job = client.submit("light_model:held", up="", go="", size=1)
            record = unreachable.job_when_final(job)
            batch = cluster.batch_of(job)
    finally:
        del os.environ["PARK_NODE_PATIENCE_S"]
        served.start()
    assert record["status"] == "failed"
    line = f"its node n1 does not reach this service at {nowhere} (Slurm job {batch})"
    assert record["error"] == line
