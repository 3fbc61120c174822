"""What a job costs the processes that run it: processor time, page faults and waits.

Jobs come alone, and together. A machine with other work to do stretches a processor's second as
well (caches, and cores that share one), so two trees are compared in turn; what is counted does not
depend on it.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.harness.bench_service import TRIVIAL, BenchService, served
from benchmarks.harness.timing import rest, seconds

ALONE = 60
BATCH = 300
ROUNDS = 5


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the figures for one job that comes alone, and for one of a batch."""
    with TemporaryDirectory(prefix="park-bench-") as folder, served(Path(folder)) as service:
        service.run(BATCH)  # its fork server starts, and all is in caches
        return {
            "load_average": os.getloadavg()[0],
            "what": "of one job: milliseconds of processor, page faults, waits; medians",
            "alone": _cost(service, lambda: _one_by_one(service), ALONE, rounds or ROUNDS),
            "of_a_batch": _cost(service, lambda: service.run(BATCH), BATCH, rounds or ROUNDS),
        }


def _one_by_one(service: BenchService) -> None:
    for _ in range(ALONE):
        rest()  # the fork server refills
        service.call(TRIVIAL)


class _Used(NamedTuple):
    """What processes have used so far: nanoseconds and clock ticks, page faults, waits."""

    service_ns: int
    helpers_ns: int
    jobs_ticks: int
    helpers_faults: int
    jobs_faults: int
    service_waits: int
    helpers_waits: int


def _cost(
    service: BenchService, action: Callable[[], None], jobs: int, rounds: int
) -> dict[str, float]:
    found: list[dict[str, float]] = []
    for _ in range(rounds):
        before = _used(service)
        spent = seconds(action)
        used = _Used(*(after - each for after, each in zip(_used(service), before, strict=True)))
        ticks_ms = 1000 / os.sysconf("SC_CLK_TCK")
        figures = {
            "service_ms": used.service_ns / 1e6,
            "fork_server_ms": used.helpers_ns / 1e6,
            "job_ms": used.jobs_ticks * ticks_ms,
            "fork_server_faults": used.helpers_faults,
            "job_faults": used.jobs_faults,
            "service_waits": used.service_waits,
            "fork_server_waits": used.helpers_waits,
            "wall_ms": 1000 * spent,
        }
        found.append({name: figure / jobs for name, figure in figures.items()})
    return {name: round(statistics.median(each[name] for each in found), 3) for name in found[0]}


def _used(service: BenchService) -> _Used:
    """Return what the service has used, its helpers, and the jobs that these have waited for."""
    time.sleep(0.2)  # those that have ended are cleared up
    leaders = {_stat(pid)[3] for pid in service.processes()[1:]}
    processes = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    found = {pid: stat for pid in processes if (stat := _stat(pid)) and stat[3] in leaders}
    stats = found.values()
    return _Used(
        service_ns=_ran_ns([service.pid]),
        helpers_ns=_ran_ns(found),
        jobs_ticks=sum(int(ticks) for stat in stats for ticks in stat[13:15]),
        helpers_faults=sum(int(stat[7]) for stat in stats),
        jobs_faults=sum(int(stat[8]) for stat in stats),
        service_waits=_waits([service.pid]),
        helpers_waits=_waits(found),
    )


def _stat(pid: int) -> list[str]:
    """Return proc_pid_stat(5) from its third field on; nothing where the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _ran_ns(pids: Iterable[int]) -> int:
    return sum(int(text.split()[0]) for text in _of_threads(pids, "schedstat"))


def _waits(pids: Iterable[int]) -> int:
    """Return how often their threads gave the processor away to wait for something."""
    return sum(
        int(line.split()[1])
        for text in _of_threads(pids, "status")
        for line in text.splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )


def _of_threads(pids: Iterable[int], name: str) -> list[str]:
    return [
        path.read_text() for pid in pids for path in Path(f"/proc/{pid}/task").glob(f"*/{name}")
    ]
