"""Jobs on a real Slurm: what they leave, and how each ends whatever happens around it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.pipes import Pipe
from support.neighbours.slurm_cluster import SlurmCluster, missing_programs
from support.services.park_client import Client, client_with_jobs
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator

JOBS = """
import os
import sys
import threading
from pathlib import Path

import park


def told(x):
    print("out", x)
    print("err", file=sys.stderr)
    park.progress(1, 2, chisq=0.5)
    Path("left.txt").write_text("left")
    said = os.environ
    return {"x": x, "node": said["SLURMD_NODENAME"], "cpus": said["SLURM_CPUS_PER_TASK"]}


def node():
    return os.environ.get("SLURMD_NODENAME")


def counted(ran, up, go):
    with open(ran, "a") as file:
        file.write("ran\\n")
    with open(up, "w") as file:
        file.write("up")
    with open(go) as file:
        file.readline()
    return "done"


def for_ever(up=None):
    if up:
        with open(up, "w") as file:
            file.write("up")
    threading.Event().wait()


@park.job(timeout=1)
def limited():
    threading.Event().wait()
"""

PILOTS = """
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import SlurmProvider


class Provider(SlurmProvider):
    status_polling_interval = 1  # Parsl asks once a minute


provider = Provider(partition="main", exclusive=False, cores_per_node=2, walltime="00:30:00")
executor = HighThroughputExecutor(
    address="127.0.0.1", max_workers_per_node=2, heartbeat_period=1, heartbeat_threshold=5,
    provider=provider,
)
config = Config(executors=[executor], strategy_period=1)
"""

SHIM = """#!/bin/sh
real={real}
case $(cat "$0.how" 2>/dev/null) in
submits-and-times-out)
    rm "$0.how"
    "$real" "$@" >/dev/null
    echo 'sbatch: error: Batch job submission failed: Socket timed out' >&2
    exit 1 ;;
submits-and-hangs)
    rm "$0.how"
    "$real" "$@" >/dev/null
    exec sleep 600 ;;
esac
exec "$real" "$@"
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[SlurmCluster]:
    """Run a Slurm of two nodes, whose commands find it by this process's variables."""
    if missing := missing_programs():
        pytest.skip(f"no Slurm here: {', '.join(missing)} (Debian: slurmctld slurmd munge)")
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="sl") as folder:
        shims = Path(folder, "bin")
        shims.mkdir()
        (shims / "sbatch").write_text(SHIM.format(real=shutil.which("sbatch")))
        (shims / "sbatch").chmod(0o755)
        with SlurmCluster(Path(folder)) as running:
            os.environ["SLURM_CONF"] = str(running.conf)
            os.environ["PATH"] = f"{shims}:{os.environ['PATH']}"
            try:
                yield running
            finally:
                os.environ.update({name: before.get(name, "") for name in ("PATH", "SLURM_CONF")})
                if "SLURM_CONF" not in before:
                    del os.environ["SLURM_CONF"]


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, cluster: SlurmCluster
) -> Iterator[ParkService]:
    """Run a service that sends its jobs there, and a few to itself."""
    assert cluster.nodes
    root = tmp_path_factory.mktemp("slurm")
    with ParkService(root, "--engine", "slurm", "--engine", "local") as running:
        yield running


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, served: ParkService
) -> Client:
    folder = tmp_path_factory.mktemp("cluster-user")
    return client_with_jobs(folder, JOBS, cache=client_cache, service=served)


class Held:
    """A job that says that it runs, and returns once it is let go."""

    def __init__(self, client: Client, folder: Path, *options: str) -> None:
        self.up, self._go, self._ran = Pipe(folder / "up"), Pipe(folder / "go"), folder / "ran"
        self.id = client.submit(
            "light_model:counted", *options, ran=str(self._ran), up=str(self.up), go=str(self._go)
        )

    def is_up(self) -> None:
        assert self.up.receive() == "up"

    def let_go(self) -> None:
        self._go.send("go")

    @property
    def runs(self) -> int:
        return len(self._ran.read_text().splitlines())


def completed(served: ParkService, held: Held) -> None:
    """Assert that a job came to its end as if nothing had happened, and ran once."""
    record = served.job_when_final(held.id)
    assert (record["status"], record["error"]) == ("completed", None)
    assert served.result_of(held.id) == "done"
    assert held.runs == 1


def test_what_a_job_leaves_comes_back_as_from_anywhere(client: Client) -> None:
    done = client.json("run", "light_model:told", "-a", "x=7", "--cpus", "2")
    assert done["result"] == {"x": 7, "node": done["result"]["node"], "cpus": "2"}
    assert done["result"]["node"] in {"n1", "n2"}
    assert client.run("logs", done["id"]).stdout == "out 7\n"
    record = client.json("status", done["id"])
    assert [each["name"] for each in record["files"]] == ["left.txt"]
    assert record["progress"]["values"] == {"chisq": 0.5}


def test_a_job_goes_where_its_engine_is(client: Client) -> None:
    assert client.call("light_model:node", "--engine", "local") is None


@pytest.mark.slow
def test_a_killed_service_finds_its_jobs_again(
    client: Client, served: ParkService, cluster: SlurmCluster, tmp_path: Path
) -> None:
    held = Held(client, tmp_path)
    held.is_up()
    served.kill()
    held.let_go()
    served.start()
    completed(served, held)
    assert cluster.count_of(held.id) == 1


@pytest.mark.slow
@pytest.mark.parametrize("daemon", ["controller", "node"])
def test_a_daemon_that_goes_and_comes_back_ends_no_job(
    client: Client, served: ParkService, cluster: SlurmCluster, tmp_path: Path, daemon: str
) -> None:
    held = Held(client, tmp_path, "--extra=--nodelist=n1")
    held.is_up()
    if daemon == "controller":
        cluster.stop_controller()
        held.let_go()
        cluster.start_controller()
    else:
        cluster.kill_node("n1")
        cluster.start_node("n1")
        held.let_go()
    completed(served, held)


@pytest.mark.slow
def test_a_killed_controller_has_no_job_run_twice_nor_told_wrong(
    client: Client, served: ParkService, cluster: SlurmCluster, tmp_path: Path
) -> None:
    held = Held(client, tmp_path)
    held.is_up()
    cluster.kill_controller()
    cluster.start_controller()
    cluster.until_settled(held.id)
    held.let_go()
    record = served.job_when_final(held.id)
    # by when it had saved its state it knows the job, ends it and starts it again, or ends it
    lost = "lost with its batch job, (of which Slurm knows nothing|which Slurm ended and started)"
    is_lost = record["status"] == "failed" and re.match(lost, record["error"])
    assert is_lost or (record["status"], record["error"]) == ("completed", None), record
    assert held.runs == 1
    assert client.call("light_model:told", x=8)["node"] in {"n1", "n2"}  # and the next one runs


@pytest.mark.slow
def test_a_job_that_was_forgotten_meanwhile_is_known_by_what_it_left(
    client: Client, served: ParkService, cluster: SlurmCluster, tmp_path: Path
) -> None:
    held = Held(client, tmp_path)
    held.is_up()
    served.kill()
    held.let_go()
    outcome = served.home / "jobs" / held.id / "exit.json"
    cluster.until(outcome.exists)
    cluster.stop_controller()
    cluster.start_controller("-c")  # with no memory of any job
    assert cluster.count_of(held.id) == 0
    served.start()
    completed(served, held)


@pytest.mark.slow
def test_a_submission_that_arrived_though_it_timed_out_is_found_by_its_name(
    client: Client, served: ParkService, cluster: SlurmCluster, tmp_path: Path
) -> None:
    how(cluster, "submits-and-times-out")
    held = Held(client, tmp_path)
    held.is_up()
    held.let_go()
    completed(served, held)
    assert cluster.count_of(held.id) == 1


@pytest.mark.slow
def test_a_service_that_is_killed_while_it_submits_submits_nothing_twice(
    client: Client, served: ParkService, cluster: SlurmCluster, tmp_path: Path
) -> None:
    how(cluster, "submits-and-hangs")
    held = Held(client, tmp_path)
    held.is_up()
    served.restart()
    held.let_go()
    completed(served, held)
    assert cluster.count_of(held.id) == 1


def how(cluster: SlurmCluster, word: str) -> None:
    """Have the next sbatch do as the shim says."""
    (cluster.root / "bin" / "sbatch.how").write_text(word)


@pytest.mark.slow
def test_a_scancel_behind_its_back_is_told(
    client: Client, served: ParkService, cluster: SlurmCluster, tmp_path: Path
) -> None:
    held = Held(client, tmp_path)
    held.is_up()
    batch = cluster.batch_of(held.id)
    cluster.command("scancel", batch)
    record = served.job_when_final(held.id)
    assert record["status"] == "cancelled"
    assert record["error"] == (
        f"cancelled in Slurm (job {batch}), by somebody else than this service"
    )


def test_a_job_that_waits_says_why_and_is_cancelled_before_it_starts(
    client: Client, served: ParkService, cluster: SlurmCluster, tmp_path: Path
) -> None:
    held = Held(client, tmp_path, "--licenses", "matlab")
    held.is_up()
    waiting = client.submit("light_model:for_ever", "--licenses", "matlab")
    batch = cluster.batch_of(waiting)

    def remark() -> Any:
        return served.get(f"/api/v1/jobs/{waiting}")["remark"]

    cluster.until(lambda: remark() == f"Slurm job {batch}: PENDING (Licenses)")
    assert f"where        Slurm job {batch}" in client.run("status", waiting).stdout
    assert client.run("cancel", waiting).stdout == f"{waiting}  cancelled\n"
    assert "CANCELLED" in cluster.command("squeue", "-h", "--states=all", "-j", batch, "-o", "%T")
    held.let_go()
    completed(served, held)


@pytest.mark.slow
def test_a_cancel_ends_what_runs_and_is_confirmed_by_slurm(
    client: Client, cluster: SlurmCluster, tmp_path: Path
) -> None:
    up = Pipe(tmp_path / "up")
    job = client.submit("light_model:for_ever", up=str(up))
    assert up.receive() == "up"
    batch = cluster.batch_of(job)
    assert client.run("cancel", job).stdout == f"{job}  cancelled\n"
    assert "CANCELLED" in cluster.command("squeue", "-h", "--states=all", "-j", batch, "-o", "%T")
    assert client.json("status", job)["error"] == "cancelled on request"


@pytest.mark.slow
@pytest.mark.parametrize(
    "call", [["light_model:for_ever", "--walltime", "1"], ["light_model:limited"]], ids=" ".join
)
def test_a_limit_of_time_counts_from_the_start_on_the_node(client: Client, call: list[str]) -> None:
    failed = client.json("run", *call, status=1)
    assert failed["error"].startswith("ran longer than its 1 s and was stopped")


def test_what_slurm_does_not_take_fails_with_its_word(client: Client) -> None:
    failed = client.json("run", "light_model:for_ever", "--extra=--constraint=none", status=1)
    assert failed["error"].startswith("Slurm does not take it: ")
    assert "feature" in failed["error"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--partition", "long"], "slurm: it has no partition long: there are main, short"),
        (["--partition", "short", "--nodes", "2"], "2 nodes are asked for, and there are 1"),
        (["--extra=--uid=0"], "--uid is no option that jobs may give"),
        (["--cpus", "64"], "64 cpus are asked for, and there are 8"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_the_cluster_has_not_is_refused_when_it_is_submitted(
    client: Client, options: list[str], said: str
) -> None:
    assert said in client.error("submit", "light_model:for_ever", *options, status=5)


def test_partitions_are_shown_with_their_load(client: Client) -> None:
    shown = {(each["engine"], each["partition"]): each for each in client.json("queues")}
    assert {("slurm", "main"), ("slurm", "short"), ("local", None)} == shown.keys()
    assert shown["slurm", "main"]["is_default"]
    assert (shown["slurm", "main"]["nodes"], shown["slurm", "main"]["cpus"]) == (2, 16)
    assert shown["slurm", "short"]["longest_s"] == 300.0
    assert "slurm:main *" in client.run("queues").stdout


@pytest.fixture(scope="module")
def on_pilots(
    tmp_path_factory: pytest.TempPathFactory, cluster: SlurmCluster, client: Client
) -> Iterator[tuple[Client, ParkService]]:
    """Give the user a service whose small jobs go to pilots in Slurm's queue."""
    pytest.importorskip("parsl", reason="Parsl is not installed here")
    assert cluster.nodes
    root = tmp_path_factory.mktemp("slurm-pilots")
    (root / "pilots.py").write_text(PILOTS)
    with ParkService(root, "--engine", f"parsl:{root / 'pilots.py'}") as running:
        user = Client.of(client.python, root / "user", cache=client.cache, service=running)
        user.run("install", "light_model")
        yield user, running


@pytest.mark.slow
def test_a_pilot_that_slurm_ends_takes_its_jobs_along_and_they_run_again_as_they_may(
    on_pilots: tuple[Client, ParkService], cluster: SlurmCluster, tmp_path: Path
) -> None:
    user, served = on_pilots
    held = Held(user, tmp_path, "--restartable")
    held.is_up()
    cluster.command("scancel", "--full", cluster.batch_named("parsl."))
    held.is_up()
    held.let_go()
    record = served.job_when_final(held.id)
    assert (record["status"], record["error"]) == ("completed", None)
    assert record["attempt"] > 1
    assert held.runs == 2


@pytest.mark.slow
def test_the_death_of_a_node_is_told_and_nothing_runs_again(
    client: Client, served: ParkService, cluster: SlurmCluster, tmp_path: Path
) -> None:
    held = Held(client, tmp_path, "--extra=--nodelist=n2")
    held.is_up()
    batch = cluster.batch_of(held.id)
    cluster.kill_node("n2")
    record = served.job_when_final(held.id)
    assert record["status"] == "failed"
    assert record["error"] == f"lost with its node n2 (Slurm job {batch}: NODE_FAIL)"
    assert cluster.count_of(held.id) == 1
    assert held.runs == 1
    held.let_go()  # the process of a node that is only deaf lives on
    cluster.start_node("n2")
