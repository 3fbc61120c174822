"""Workflows: layers of jobs, each job on what the layer before it leaves.

A job adds up numbers (`math.fsum`): the values of three jobs of the layer before, which are
references among its arguments. The first layer waits for a job that is held until all are
there, so submission and scheduling are measured apart; one job needs the whole last layer,
and its end is the end of the workflow. All times of scheduling are those that the service
wrote into the records.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import park
from benchmarks.harness.bench_service import WIDTH, BenchService, served
from benchmarks.harness.instant_engine import HELD, RESULT
from benchmarks.harness.timing import seconds
from benchmarks.start_with_waiting import start_with_waiting
from benchmarks.yardsticks.bare_graph import write_graph
from benchmarks.yardsticks.bare_loop import BareLoop
from park.client.jobs.submitted_job import Job
from park.client.service import Service
from park.wire import API

_Value = TypeVar("_Value")

LAYER = 100
NEEDS = 3
MANY = 10_000
REAL = (1_000, MANY)
INSTANT = (1_000, MANY, 100_000)
LINKS = 60
"""Jobs in each chain whose waits are measured."""

SUBMISSION_LIMIT_S = 2.0
FLAT_LIMIT = 0.25
ONE_SERVICE_LIMIT_S = 0.020
TWO_SERVICES_LIMIT_S = 0.100

ADD = "math:fsum"
INSTANT_PARK = (sys.executable, "-m", "benchmarks.harness.instant_engine")
LOOPBACK = ("--allow-address", "127.0.0.1")


def measure(rounds: int | None) -> dict[str, Any]:
    """Return all figures, each with its limit; ``rounds`` of submission."""
    with TemporaryDirectory(prefix="park-bench-") as folder:
        place = Path(folder)
        load = os.getloadavg()[0]
        with served(place / "one", *LOOPBACK) as one:
            submission = _submission(one, place, rounds or 3)
            real = _real_jobs(one, place)
            with served(place / "two", *LOOPBACK) as two:
                waits = _waits(one, two, place)
        with served(place / "instant", program=INSTANT_PARK) as instant:
            scheduling = _scheduling(instant)
        starting = start_with_waiting(place / "waiting", rounds or 3)
    return {
        "load_average": load,
        "submission": submission,
        "scheduling": scheduling,
        "real_jobs": real,
        "start_with_waiting": starting,
        "from_end_to_start": waits,
    }


@dataclass(frozen=True, kw_only=True)
class _Layers:
    """A workflow whose first layer waits for ``gate``; ``last`` needs all the others."""

    gate: Job
    last: Job

    def run(self) -> float:
        """Open the gate; return the seconds from its end to the end of the workflow."""
        self.gate.cancel()
        self.last.result()
        return _moment(self.last, "finished") - _moment(self.gate, "finished")


def _submitted(bench: BenchService, jobs: int, *, all_of_layer: bool = False) -> _Layers:
    """Submit ``jobs`` jobs in layers; all are committed when this returns."""
    service = Service(bench.transport)

    def add(values: list[Any], when: Any = None) -> Job:
        return service.submit(ADD, values, when=when, lock=bench.lock, memo=False)

    gate = service.submit(HELD, lock=bench.lock, memo=False)
    layer = [add([1.0], gate.isfinished) for _ in range(LAYER)]
    for _ in range(jobs // LAYER - 1):
        if all_of_layer:
            complete = park.all_of(layer)
            layer = [add([1.0], complete) for _ in range(LAYER)]
        else:
            layer = [add([layer[i - k] for k in range(NEEDS)]) for i in range(LAYER)]
    last = add(list(layer))
    service.flush()
    return _Layers(gate=gate, last=last)


def _submission(bench: BenchService, folder: Path, rounds: int) -> dict[str, Any]:
    """Return the time from the first call to the commit of the last job, and a bare write."""
    ours, bare, undone = [], [], []
    graph = [
        [] if i < LAYER else [i - i % LAYER - LAYER + (i - k) % LAYER for k in range(NEEDS)]
        for i in range(MANY)
    ]
    for number in range(rounds + 1):
        layers, spent = _timed(partial(_submitted, bench, MANY))
        ours.append(spent)
        undone.append(seconds(partial(park.cancel, layers.gate, dependents=True)))
        (folder / f"graph-{number}").mkdir()
        bare.append(seconds(partial(write_graph, folder / f"graph-{number}", graph)))
    median = statistics.median(ours[1:])
    return {
        "jobs": MANY,
        "layers": MANY // LAYER,
        "needs_of_each_job": NEEDS,
        "yardstick": "the same jobs and needs by executemany, a thousand in a commit",
        "seconds": round(median, 3),
        "first_seconds": round(ours[0], 3),
        "yardstick_seconds": round(statistics.median(bare[1:]), 3),
        "rounds": rounds,
        "all_cancelled_seconds": round(statistics.median(undone[1:]), 3),
        "limit_seconds": SUBMISSION_LIMIT_S,
        "holds": median < SUBMISSION_LIMIT_S,
    }


def _timed(action: Callable[[], _Value]) -> tuple[_Value, float]:
    start = time.perf_counter()
    return action(), time.perf_counter() - start


def _scheduling(bench: BenchService) -> dict[str, Any]:
    """Return what each job costs the service where the jobs themselves cost nothing."""
    first = _submitted(bench, INSTANT[0])
    first.run()  # warms up
    if first.last.result() != RESULT:
        raise RuntimeError("the jobs have processes: the engine is not the one of this measurement")
    memory, cost, submission = {"before": _memory(bench.pid)}, {}, {}
    for jobs in INSTANT:
        layers, spent = _timed(partial(_submitted, bench, jobs))
        submission[jobs] = round(1000 * spent / jobs, 4)
        memory[f"while_{jobs}_wait"] = _memory(bench.pid)
        cost[jobs] = round(1000 * layers.run() / jobs, 4)
        memory[f"after_{jobs}"] = _memory(bench.pid)
    spread = max(cost.values()) / min(cost.values()) - 1
    return {
        "what": "from the end of the job that all wait for to the end of the last, per job; "
        "every job is committed, prepared, started and ended, but has no process",
        "milliseconds_per_job": cost,
        "submission_milliseconds_per_job": submission,
        "spread": round(spread, 3),
        "limit_spread": FLAT_LIMIT,
        "each_on_all_of_the_layer_before": _all_of_layer(bench),
        "memory_bytes": memory,
        "holds": spread <= FLAT_LIMIT,
    }


def _all_of_layer(bench: BenchService) -> dict[str, Any]:
    """Return the same where each job waits for all hundred jobs of the layer before it."""
    layers, spent = _timed(partial(_submitted, bench, MANY, all_of_layer=True))
    return {
        "jobs": MANY,
        "needs": LAYER * (MANY - LAYER),
        "submission_seconds": round(spent, 2),
        "milliseconds_per_job": round(1000 * layers.run() / MANY, 4),
    }


def _real_jobs(bench: BenchService, folder: Path) -> dict[str, Any]:
    """Return the same with a process for each job, and a loop that only forks and commits."""
    _submitted(bench, REAL[0]).run()  # starts the fork server
    bare = BareLoop(folder, WIDTH)
    bare.run(REAL[0])
    yardstick = seconds(lambda: bare.run(REAL[0])) / REAL[0]
    bare.close()
    cost = {jobs: round(1000 * _submitted(bench, jobs).run() / jobs, 3) for jobs in REAL}
    return {
        "yardstick": "fork, run, wait, two commits (synchronous=FULL), the same width, no needs",
        "width": WIDTH,
        "milliseconds_per_job": cost,
        "yardstick_milliseconds_per_job": round(1000 * yardstick, 3),
    }


def _waits(one: BenchService, two: BenchService, folder: Path) -> dict[str, Any]:
    """Return how long after the end of a job the one that waited for it is started."""
    here = _chain([one])
    across = _chain([one, two])
    return {
        "links": LINKS,
        "yardstick": "two commits (synchronous=FULL); one request on loopback",
        "one_service": _percentiles(here, ONE_SERVICE_LIMIT_S),
        "two_services": _percentiles(across, TWO_SERVICES_LIMIT_S),
        "two_commits_seconds": round(_two_commits(folder), 5),
        "one_http_request_seconds": round(_median(lambda: one.transport.json("GET", API)), 5),
    }


def _chain(benches: list[BenchService]) -> list[float]:
    """Run jobs in turn on ``benches``, each after the one before; return their waits."""
    places = [(Service(bench.transport), bench.lock) for bench in benches]
    service, lock = places[0]
    chain = [service.submit(ADD, [1.0], lock=lock, memo=False)]
    for number in range(1, LINKS + 1):
        service, lock = places[number % len(places)]
        chain.append(service.submit(ADD, [1.0], lock=lock, when=chain[-1].iscompleted, memo=False))
    chain[-1].result()
    waits = [
        _moment(after, "started") - _moment(before, "finished") for before, after in pairwise(chain)
    ]
    return waits[5:]  # the first ones find a fork server that starts


def _percentiles(waits: list[float], limit_s: float) -> dict[str, Any]:
    tenths = statistics.quantiles(waits, n=10)
    return {
        "p50_seconds": round(statistics.median(waits), 5),
        "p90_seconds": round(tenths[-1], 5),
        "most_seconds": round(max(waits), 5),
        "limit_p50_seconds": limit_s,
        "holds": statistics.median(waits) < limit_s,
    }


def _two_commits(folder: Path) -> float:
    database = sqlite3.connect(folder / "commits.sqlite", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE jobs (id)")
    median = 2 * _median(lambda: database.execute("INSERT INTO jobs VALUES (1)"))
    database.close()
    return median


def _median(action: Callable[[], object]) -> float:
    return statistics.median(seconds(action) for _ in range(LINKS))


def _moment(job: Job, field: str) -> float:
    """Return a time in the record of a job, in seconds."""
    return datetime.fromisoformat(getattr(job.refresh(), field)).timestamp()


def _memory(pid: int) -> dict[str, int]:
    """Return the resident memory of a process, and its share of what it has in common."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {name: int(size) for name, size, *_ in map(str.split, lines)}
    return {"rss": 1024 * sizes["Rss:"], "pss": 1024 * sizes["Pss:"]}
