"""How long a service with many waiting jobs takes from its process to its first answer.

Conditions are read when the service serves already, so what a start costs should hardly depend
on how many wait. Nothing here ever runs: all waits for a job that waits for tomorrow.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import park
from benchmarks.harness.bench_service import BenchService, served
from benchmarks.harness.serve_here import serve_here
from benchmarks.harness.timing import seconds
from park.client.access.address import Address
from park.client.access.transport import Transport
from park.client.jobs.submitted_job import Job
from park.client.service import Service

__all__ = ["start_with_waiting"]

WAITING = 100_000
EVALUATED = 43_000
"""Of these, jobs with other conditions than that everything named completes."""

START_LIMIT_S = 1.5
_ADD = "math:fsum"
_IMPORTS = "import park_server.serving.serve, park_server.serving.web"


def start_with_waiting(folder: Path, rounds: int) -> dict[str, Any]:
    """Return the time from the process to its first answer, and of its imports alone."""
    with served(folder) as bench:
        submit_waiting(bench)
    starts, imports = [], []
    for _ in range(rounds + 1):
        starts.append(_start_s(folder))
        imports.append(seconds(_import))
    median = statistics.median(starts[1:])
    return {
        "waiting": WAITING,
        "evaluated": EVALUATED,
        "yardstick": f"python -c '{_IMPORTS}'",
        "seconds": round(median, 3),
        "yardstick_seconds": round(statistics.median(imports[1:]), 3),
        "rounds": rounds,
        "limit_seconds": START_LIMIT_S,
        "holds": median < START_LIMIT_S,
    }


def submit_waiting(bench: BenchService) -> None:
    """Submit the jobs; all are committed when this returns."""
    service = Service(bench.transport)
    tomorrow = park.after(timedelta(days=1))
    gate = service.submit(_ADD, [1.0], when=tomorrow, lock=bench.lock, memo=False)
    conditions: list[Callable[[Job], Any]] = [
        lambda before: before.isfinished,
        lambda before: before.isfailed | gate.iscompleted,
        lambda before: (before.output > 1.0) & gate.isstarted,
    ]
    before = gate
    for number in range(WAITING - 1):
        if number < EVALUATED:
            when = conditions[number % len(conditions)](before)
            before = service.submit(_ADD, [1.0], when=when, lock=bench.lock, memo=False)
        else:
            service.submit(_ADD, [before if number % 2 else gate], lock=bench.lock, memo=False)
    service.flush()


def _start_s(folder: Path) -> float:
    """Return the seconds from the process to its first answer; a stop is no part of a start."""
    ready = folder / "ready"
    began = time.perf_counter()
    with serve_here(folder, "--ready-file", ready):
        transport = Transport(Address(url=json.loads(ready.read_text())["url"], token=""))
        transport.json("GET", "/health")
        took = time.perf_counter() - began
        transport.close()
    return took


def _import() -> None:
    subprocess.run([sys.executable, "-c", _IMPORTS], check=True)
