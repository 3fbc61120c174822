"""The page of a service with a workflow of 100,000 jobs, in a real Chromium, watched by ten.

Its jobs end as soon as they start (`instant_engine`), so what a service works is scheduling, and
what the page makes of it. Some of them start one after the other, by the clock, so that there is
always something new to see; the others wait until it is opened, and then go as fast as they can.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import park
from benchmarks.harness.bench_service import WIDTH, BenchService, served
from benchmarks.harness.instant_engine import HELD
from benchmarks.harness.page_viewers import Viewers, viewers
from benchmarks.harness.serve_here import serve_here
from park.client.access.address import Address
from park.client.access.transport import Transport
from park.client.service import Service
from park.wire import API

JOBS = 100_000
LAYER = 100
NEEDS = 3
PEOPLE = 10
CLOCKED = 1_500
"""Jobs of the workflow that start by the clock, `A_SECOND` of them each second."""
A_SECOND = 5
WATCHED_S = 30.0
FRAMES_S = 8.0

OPEN_LIMIT_S = 2.0
FRAME_LIMIT_MS = 50.0
"""What the 95th of a hundred frames may take: RAIL's bound of a task that nobody notices."""
SHARE_LIMIT = 0.02

_ADD = "math:fsum"
_INSTANT = (sys.executable, "-m", "benchmarks.harness.instant_engine")


def measure(rounds: int | None) -> dict[str, Any]:
    """Return all figures, each with its limit; ``rounds`` of opening the picture."""
    with TemporaryDirectory(prefix="park-bench-") as name:
        folder = Path(name)
        load = os.getloadavg()[0]
        with served(folder, program=_INSTANT) as bench:
            gate = _submitted(bench)
            place = f"#/workflow/{gate}"
            with _people(folder) as people:
                opening = _opening(people, place, rounds or 5)
        with _started_again(folder) as bench, _people(folder) as people:
            opening |= _after_a_start(people, place)
            cost = _cost(bench, people, place)
            with people.watching(PEOPLE, place) as pages:
                bench.transport.json("POST", f"{API}/jobs/{gate}/cancel")
                busy = people.frames(pages[0], FRAMES_S)
                blank = people.blank_frames(FRAMES_S)
    return {
        "load_average": load,
        "jobs": JOBS,
        "opening": opening,
        "watched_by_ten": cost,
        "frames_while_it_runs": {
            **busy,
            "yardstick": "an empty page beside it",
            "yardstick_p95_ms": blank["p95_ms"],
            "limit_p95_ms": FRAME_LIMIT_MS,
            "holds": busy["p95_ms"] < max(FRAME_LIMIT_MS, blank["p95_ms"] + FRAME_LIMIT_MS / 2),
        },
    }


def _url(folder: Path) -> str:
    return str(json.loads((folder / "ready").read_text())["url"])


def _token(folder: Path) -> str:
    return (folder / "home" / "token").read_text().strip()


def _people(folder: Path) -> AbstractContextManager[Viewers]:
    return viewers(_url(folder), _token(folder))


@contextmanager
def _started_again(folder: Path) -> Iterator[BenchService]:
    """Run a service on the home that is there already."""
    ready = folder / "ready"
    with serve_here(folder, "--slots", str(WIDTH), "--ready-file", ready, program=_INSTANT) as at:
        transport = Transport(Address(url=_url(folder), token=_token(folder)))
        yield BenchService(transport=transport, lock="", pid=at[0])
        transport.close()


def _submitted(bench: BenchService) -> str:
    """Submit the workflow; return the id of the job that most of it waits for."""
    service = Service(bench.transport)

    def add(values: list[Any], when: Any = None) -> Any:
        return service.submit(_ADD, values, when=when, lock=bench.lock, memo=False)

    gate = service.submit(HELD, lock=bench.lock, memo=False)
    layer = [add([1.0], gate.isfinished) for _ in range(LAYER)]
    for _ in range((JOBS - CLOCKED) // LAYER - 1):
        layer = [add([layer[i - k] for k in range(NEEDS)]) for i in range(LAYER)]
    add(list(layer))
    service.flush()
    for number in range(CLOCKED):
        moment = park.after(timedelta(seconds=number / A_SECOND))
        add([float(number)], gate.isstarted & moment)
    service.flush()
    return gate.id


def _opening(people: Viewers, place: str, rounds: int) -> dict[str, Any]:
    """Return the seconds to the first picture; no view of it was made before the first of them."""
    found = [people.opened_s(place) for _ in range(rounds)]
    return {
        "first_seconds": round(found[0], 3),
        "seconds": round(statistics.median(found), 3),
        "most_seconds": round(max(found), 3),
        "rounds": rounds,
        "limit_seconds": OPEN_LIMIT_S,
        "holds": max(found) < OPEN_LIMIT_S,
    }


def _after_a_start(people: Viewers, place: str) -> dict[str, Any]:
    """Return the seconds to the picture for who looks as soon as the service has begun."""
    found = people.opened_s(place)
    return {"after_a_start_seconds": round(found, 3), "holds_after_a_start": found < OPEN_LIMIT_S}


def _cost(bench: BenchService, people: Viewers, place: str) -> dict[str, Any]:
    """Return which part of a processor ten viewers cost the service while jobs come and go."""
    alone = _share(bench.pid, WATCHED_S)
    with people.watching(PEOPLE, place) as pages:
        watched = _share(bench.pid, WATCHED_S, lambda: pages[0].wait_for_timeout(200))
    return {
        "people": PEOPLE,
        "jobs_a_second": A_SECOND,
        "share_of_a_processor": round(watched - alone, 4),
        "alone": round(alone, 4),
        "seconds": WATCHED_S,
        "limit_share": SHARE_LIMIT,
        "holds": watched - alone < SHARE_LIMIT,
    }


def _share(pid: int, seconds: float, turn: Callable[[], object] = lambda: time.sleep(0.2)) -> float:
    began, worked = time.monotonic(), _worked_s(pid)
    while (passed := time.monotonic() - began) < seconds:
        turn()
    return (_worked_s(pid) - worked) / passed


def _worked_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
