"""Jobs through a service on loopback: latency, durable throughput, and what idling costs.

Every job runs the same function, `sys.getrecursionlimit`, reached through two modules: `sys`
itself, and `refl1d.names`, whose import takes seconds. So the two differ by what the process
of the job has imported, and by nothing else.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness.bench_service import TRIVIAL, WIDTH, BenchService, served
from benchmarks.harness.timing import seconds, seconds_alone
from benchmarks.submissions import submissions
from benchmarks.yardsticks.bare_loop import BareLoop
from park.wire import API

ROUNDS = 5
SAMPLES = 60
"""Jobs in each measurement of latency, half a second apart in all."""

BATCH = 300
MANY = 100_000

LATENCY_LIMIT_S = 0.010
IMPORT_LIMIT_S = 0.003
THROUGHPUT_LIMIT = 0.6
IDLE_LIMIT = 0.005
IDLE_S = 15.0

IMPORTED = "refl1d.names:sys.getrecursionlimit"


def measure(rounds: int | None) -> dict[str, Any]:
    """Return all figures, each with its limit."""
    rounds = rounds or ROUNDS
    with TemporaryDirectory(prefix="park-bench-") as folder:
        place = Path(folder)
        with served(place / "full") as service:
            latency = _latency(service)
            idle = _idle(service)
            submitted = submissions(service, rounds)
        _fill(place / "full" / "home" / "park.sqlite", MANY)
        with served(place / "few") as few, served(place / "full") as full:
            throughput = _throughput(few, full, place, rounds)
    return {
        "load_average": os.getloadavg()[0],
        "latency": latency,
        "submissions": submitted,
        "throughput": throughput,
        "idle": idle,
    }


def _latency(service: BenchService) -> dict[str, Any]:
    """Return the median time from submission to result, the kinds of isolation in turn."""
    kinds = {
        "forked_ahead": (TRIVIAL, False),
        "forked_ahead_refl1d": (IMPORTED, False),
        "fresh_interpreter": (TRIVIAL, True),
    }
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for name, (entry_point, fresh) in kinds.items():
        service.call(entry_point, fresh=fresh)  # its fork server starts
        times[name].clear()
    request_alone: list[float] = []
    for _ in range(SAMPLES):
        for name, (entry_point, fresh) in kinds.items():
            times[name].append(
                seconds_alone(lambda e=entry_point, f=fresh: service.call(e, fresh=f))  # type: ignore[misc]
            )
        request_alone.append(seconds_alone(lambda: service.transport.json("GET", API)))
    request = [seconds(lambda: service.transport.json("GET", API)) for _ in range(SAMPLES)]
    fresh_import = [seconds(lambda: service.call(IMPORTED, fresh=True)) for _ in range(3)]
    medians = {name: statistics.median(found) for name, found in times.items()}
    extra = medians["forked_ahead_refl1d"] - medians["forked_ahead"]
    return {
        **{f"{name}_seconds": round(median, 4) for name, median in medians.items()},
        **{f"{name}_best_seconds": round(min(found), 4) for name, found in times.items()},
        "fresh_interpreter_refl1d_seconds": round(statistics.median(fresh_import), 3),
        "one_http_request_seconds": round(statistics.median(request), 4),
        "requests": round(medians["forked_ahead"] / statistics.median(request), 1),
        "one_http_request_alone_seconds": round(statistics.median(request_alone), 4),
        "requests_alone": round(medians["forked_ahead"] / statistics.median(request_alone), 1),
        "limit_seconds": LATENCY_LIMIT_S,
        "refl1d_adds_seconds": round(extra, 4),
        "refl1d_limit_seconds": IMPORT_LIMIT_S,
        "holds": medians["forked_ahead"] < LATENCY_LIMIT_S and extra < IMPORT_LIMIT_S,
    }


def _throughput(few: BenchService, full: BenchService, folder: Path, rounds: int) -> dict[str, Any]:
    """Return jobs per second of both services and of the yardstick, all in turn."""
    bare = BareLoop(folder, WIDTH)
    rates: dict[str, list[float]] = {"few": [], "full": [], "bare": []}
    runs = {"few": few.run, "full": full.run, "bare": bare.run}
    for number in range(rounds + 1):
        for name, run in runs.items():
            rate = BATCH / seconds(lambda run=run: run(BATCH))  # type: ignore[misc]
            if number:  # the first round warms up
                rates[name].append(rate)
    bare.close()
    medians = {name: statistics.median(found) for name, found in rates.items()}
    ratio = medians["few"] / medians["bare"]
    return {
        "yardstick": "fork, run, wait, two commits (synchronous=FULL), the same width",
        "width": WIDTH,
        "batch": BATCH,
        "jobs_per_second": round(medians["few"], 1),
        "yardstick_jobs_per_second": round(medians["bare"], 1),
        "ours_over_yardstick": round(ratio, 2),
        "limit_ours_over_yardstick": THROUGHPUT_LIMIT,
        f"jobs_per_second_with_{MANY}_jobs": round(medians["full"], 1),
        "full_over_few": round(medians["full"] / medians["few"], 2),
        "holds": ratio >= THROUGHPUT_LIMIT,
    }


def _idle(service: BenchService) -> dict[str, Any]:
    """Return the share of a core that the service and its fork servers use while idle."""
    time.sleep(2.0)
    processes = service.processes()
    before, start = sum(map(_cpu_s, processes)), time.monotonic()
    time.sleep(IDLE_S)
    share = (sum(map(_cpu_s, processes)) - before) / (time.monotonic() - start)
    servers = service.transport.json("GET", f"{API}/fork-servers")
    return {
        "share_of_a_core": round(share, 5),
        "limit": IDLE_LIMIT,
        "holds": share < IDLE_LIMIT,
        "fork_servers": {str(s["module"]): s["memory_bytes"] for s in servers},
    }


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _fill(database: Path, count: int) -> None:
    """Add ``count`` jobs that have ended to the database of a stopped service."""
    with sqlite3.connect(database) as connection:
        sample = "SELECT id FROM jobs WHERE status = 'completed' LIMIT 1"
        (job,) = connection.execute(sample).fetchone()
        for table, key in (("jobs", "id"), ("calls", "job"), ("results", "job"), ("events", "id")):
            _copied(connection, table, key, job, count)


def _copied(connection: sqlite3.Connection, table: str, key: str, job: str, count: int) -> None:
    """Copy the rows of one job ``count`` times under new ids."""
    info = connection.execute(f"PRAGMA table_info({table})").fetchall()
    names = [row[1] for row in info if row[1] != "seq"]
    others = ", ".join("n.id" if name == key else f't."{name}"' for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    connection.execute(
        f"WITH RECURSIVE n(i, id) AS (SELECT 1, 'copy-1' UNION ALL "  # noqa: S608 (our own names)
        f"SELECT i + 1, 'copy-' || (i + 1) FROM n WHERE i < {count}) "
        f'INSERT INTO {table} ({columns}) SELECT {others} FROM n, {table} t WHERE t."{key}" = ?',
        (job,),
    )
