"""Memoization: a workflow run again, and what a node of it costs beside a hit of joblib's.

The first run is on an engine whose jobs end at once: it is the second one that is measured,
and that starts nothing, whatever the engine.
"""

from __future__ import annotations

import importlib
import os
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness.bench_service import BenchService, served
from benchmarks.story import measure_story
from benchmarks.workflow import INSTANT_PARK
from park.client.jobs.submitted_job import Job
from park.client.service import Service
from park.wire import API

__all__ = ["measure"]

MANY = 10_000
LAYER = 100
NEEDS = 3
LIMIT_S = 3.0
ADD = "math:fsum"


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the time of a rerun: of 10,000 jobs, of the story, of a hit of `joblib.Memory`."""
    with TemporaryDirectory(prefix="park-bench-") as folder:
        load = os.getloadavg()[0]
        with served(Path(folder) / "instant", program=INSTANT_PARK) as bench:
            first = _run(bench)
            again = [_run(bench) for _ in range(rounds or 3)]
            answered = bench.transport.json("GET", f"{API}/memo/stats")["answered"]
        yardstick = _joblib_hit_s(Path(folder) / "joblib")
        story = measure_story(Path(folder), rounds or 3)
    median = statistics.median(again)
    return {
        "load_average": load,
        "jobs": MANY,
        "layers": MANY // LAYER,
        "first_run_s": round(first, 3),
        "rerun_s": round(median, 3),
        "limit_s": LIMIT_S,
        "per_node_ms": round(1000 * median / MANY, 4),
        "joblib_hit_ms": None if yardstick is None else round(1000 * yardstick, 4),
        "answered": answered,
        "story": story,
    }


def _run(bench: BenchService) -> float:
    """Return the seconds from the first submission to the last result of a workflow."""
    start = time.perf_counter()
    service = Service(bench.transport)

    def add(values: list[Any]) -> Job:
        return service.submit(ADD, values, lock=bench.lock)

    layer = [add([float(number)]) for number in range(LAYER)]
    for depth in range(1, MANY // LAYER):
        layer = [
            add([*(layer[at - k] for k in range(NEEDS)), float(depth * LAYER + at)])
            for at in range(LAYER)
        ]
    last = add(list(layer))
    last.result()
    return time.perf_counter() - start


def _joblib_hit_s(folder: Path) -> float | None:
    """Return the seconds of a hit of joblib's on disk; None where it is not installed."""
    try:
        joblib: Any = importlib.import_module("joblib")
    except ModuleNotFoundError:
        return None
    remembered = joblib.Memory(folder, verbose=0).cache(max)
    remembered([1.0, 2.0])
    spent = []
    for _ in range(200):
        start = time.perf_counter()
        remembered([1.0, 2.0])
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)
