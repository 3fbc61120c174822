"""Jobs elsewhere: on Parsl's pilots beside a bare app of Parsl, and on Slurm beside a bare sbatch.

An app of Parsl's has the process of its worker, with all that earlier ones left there: its like are
jobs that may have a process that had others (``reuse``). What a process for each reaches stands
beside that. Slurm is a real one, all on this machine, as the tests have it.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support.neighbours.slurm_cluster import SlurmCluster

from benchmarks.harness.bench_service import TRIVIAL, WIDTH, BenchService, served
from benchmarks.harness.timing import seconds
from park.model.ids import new_id
from park.wire import API

ROUNDS = 5
BATCH, SBATCHES = 300, 40

OVER_PARSL_LIMIT, OVER_SBATCH_LIMIT = 0.4, 5.0
START_LIMIT_S = 0.150

FIRST_LINE = (
    "(lambda t, os: [t, open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[19]])"
    "(__import__('time').time(), __import__('os'))"
)
"""The moment of a job's first line, and when the batch script that is its parent began: in ticks
since the boot (field 22 of proc_pid_stat(5))."""


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the figures of pilots and of Slurm, each with its limit."""
    rounds = rounds or ROUNDS
    with TemporaryDirectory(prefix="sb") as folder, _slurm(Path(folder, "sl")) as cluster:
        place = Path(folder)
        options = ("--engine", "parsl", "--engine", "slurm")
        with served(place, *options) as service, _bare_parsl(place / "bare") as bare:
            return {
                "load_average": os.getloadavg()[0],
                "pilots": _pilots(service, bare, cluster, rounds),
                "slurm": _starts(service, cluster, place, rounds),
            }


@contextmanager
def _slurm(root: Path) -> Iterator[SlurmCluster]:
    root.parent.chmod(0o755)  # munged wants to get there as anybody
    with SlurmCluster(root) as cluster:
        os.environ["SLURM_CONF"] = str(cluster.conf)
        yield cluster


@contextmanager
def _bare_parsl(folder: Path) -> Iterator[Callable[[int], None]]:
    """Give what runs a trivial app of Parsl's so many times, with as many workers as ours."""
    import parsl
    from parsl.executors import HighThroughputExecutor
    from parsl.providers import LocalProvider

    executor = HighThroughputExecutor(
        address="127.0.0.1",
        max_workers_per_node=WIDTH,
        cores_per_worker=1e-6,
        provider=LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1),  # type: ignore[no-untyped-call]
    )
    # Parsl looks for its own programs on the PATH
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    config = parsl.Config(executors=[executor], run_dir=str(folder), initialize_logging=False)
    with parsl.load(config):
        app = parsl.python_app(_trivial)

        def run(count: int) -> None:
            for future in [app() for _ in range(count)]:
                future.result()

        yield run


def _trivial() -> int:
    import sys

    return sys.getrecursionlimit()


def _pilots(
    service: BenchService, bare: Callable[[int], None], cluster: SlurmCluster, rounds: int
) -> dict[str, Any]:
    reusing = partial(service.run, resources={"reuse": True})
    rates: dict[str, list[float]] = {"each": [], "ours": [], "parsl": [], "sbatch": []}
    runs = {
        "each": (service.run, BATCH),
        "ours": (reusing, BATCH),
        "parsl": (bare, BATCH),
        "sbatch": (lambda count: _sbatches(cluster, count), SBATCHES),
    }
    for number in range(rounds + 1):
        for name, (run, count) in runs.items():
            rate = count / seconds(lambda run=run, count=count: run(count))  # type: ignore[misc]
            if number:  # the first round warms up
                rates[name].append(rate)
    medians = {name: statistics.median(found) for name, found in rates.items()}
    warm = {
        name: statistics.median(seconds(lambda: service.call(TRIVIAL, **facts)) for _ in range(20))  # noqa: B023
        for name, facts in (("each", {}), ("ours", {"resources": {"reuse": True}}))
    }
    over_parsl = medians["ours"] / medians["parsl"]
    over_sbatch = medians["each"] / medians["sbatch"]
    return {
        "workers": WIDTH,
        "jobs_per_second": round(medians["ours"], 1),
        "jobs_with_a_process_each_per_second": round(medians["each"], 1),
        "bare_parsl_per_second": round(medians["parsl"], 1),
        "sbatch_per_second": round(medians["sbatch"], 1),
        "warm_job_seconds": round(warm["ours"], 4),
        "warm_job_with_a_process_seconds": round(warm["each"], 4),
        "ours_over_parsl": round(over_parsl, 2),
        "limit_ours_over_parsl": OVER_PARSL_LIMIT,
        "process_each_over_parsl": round(medians["each"] / medians["parsl"], 2),
        "process_each_over_sbatch": round(over_sbatch, 1),
        "limit_process_each_over_sbatch": OVER_SBATCH_LIMIT,
        "holds": over_parsl >= OVER_PARSL_LIMIT and over_sbatch >= OVER_SBATCH_LIMIT,
    }


def _sbatches(cluster: SlurmCluster, count: int) -> None:
    """Submit so many jobs that do nothing, and wait until Slurm has none of them any more."""
    for _ in range(count):
        cluster.command("sbatch", "--parsable", "--output=/dev/null", "--wrap=true")
    cluster.until(lambda: not cluster.command("squeue", "--me", "--noheader"))


def _starts(
    service: BenchService, cluster: SlurmCluster, place: Path, rounds: int
) -> dict[str, Any]:
    """Return the time from a batch script's begin to the first line of its job, ours and bare."""
    python = place / "home" / "envs" / "v1" / service.lock / "bin" / "python"
    ours, bare = [], []
    for number in range(3 * rounds + 1):
        pair = _ours(service), _bare(cluster, place, python)
        if number:
            ours.append(pair[0])
            bare.append(pair[1])
    extra = statistics.median(ours) - statistics.median(bare)
    return {
        "from": "the begin of the batch script",
        "to": "the first line of the job",
        "ours_seconds": round(statistics.median(ours), 3),
        "bare_sbatch_seconds": round(statistics.median(bare), 3),
        "extra_seconds": round(extra, 3),
        "limit_seconds": START_LIMIT_S,
        "holds": extra <= START_LIMIT_S,
    }


def _ours(service: BenchService) -> float:
    request = {
        "id": new_id(),
        "entry_point": "builtins:eval",
        "call": {"args": [FIRST_LINE], "kwargs": {}},
        "lock_hash": service.lock,
        "memo": False,
        "resources": {"engine": "slurm"},
    }
    service.transport.json("POST", f"{API}/jobs", json=[request])
    while True:
        path = f"{API}/jobs/{request['id']}/result"
        answer = service.transport.json("GET", path, params={"wait": 25})
        if "result" in answer:
            return _since(*answer["result"])
        if answer["job"]["finished"]:
            raise RuntimeError(answer["job"]["error"])


def _bare(cluster: SlurmCluster, place: Path, python: Path) -> float:
    told = place / "told.json"
    told.unlink(missing_ok=True)
    text = f"import json; print(json.dumps({FIRST_LINE}))"
    script = f'#!/bin/sh\n{python} -c "{text}" >{told}.new\nmv {told}.new {told}\n'
    (place / "bare.sh").write_text(script)
    cluster.command("sbatch", "--output=/dev/null", str(place / "bare.sh"))
    cluster.until(told.exists)
    return _since(*json.loads(told.read_text()))


def _since(moment: float, ticks: str) -> float:
    """Return the seconds from a process's begin, in ``ticks`` since the boot, to a moment."""
    now, up = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
    return moment - (now - up + int(ticks) / os.sysconf("SC_CLK_TCK"))
