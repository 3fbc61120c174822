"""Where the time of one job goes, from its submission to its result: one station after another.

The job returns the moment at which it was called, on the same clock as all others.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness.bench_service import BenchService, served
from benchmarks.harness.timing import rest, seconds, seconds_alone
from benchmarks.harness.traced_park import FILE
from park.wire import API

TRACED_PARK = (sys.executable, "-m", "benchmarks.harness.traced_park")

CLOCK = "time:monotonic_ns"

SAMPLES = 60
"""Jobs in a round, twenty a second."""

STEPS = {
    "sent": "client: make the request, send it",
    "received": "service: read, authenticate",
    "queued": "check it, plan it, hand it to the writer",
    "begun": "the writer's thread wakes",
    "committed": "creation and start in one commit",
    "ordered": "the loop wakes, make the folder, order it of the fork server",
    "called": "fork server and child: claim, folder, arguments",
    "ended": "outcome, threads, exit handlers; the fork server tells",
    "end queued": "read the outcome, look for files, hand it to the writer",
    "end begun": "the writer's thread wakes",
    "end committed": "the end in one commit",
    "answered": "the loop wakes, wake who waits, read the result",
    "there": "answer over HTTP, and the client reads it",
}
"""The stations in their order, each with what happens before it from the one before."""

LAST = "answered"

LATER = {"queued": "end queued", "begun": "end begun", "committed": "end committed"}
"""Stations that a job passes twice, and what they are after its end."""


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the median and the shortest time of each step, in milliseconds."""
    with TemporaryDirectory(prefix="park-bench-") as folder:
        place = Path(folder)
        os.environ[FILE] = str(place / "stations")
        with served(place / "service", program=TRACED_PARK) as service:
            service.call(CLOCK)  # its fork server starts
            jobs = [moments(service, place) for _ in range(SAMPLES * (rounds or 1))]
            request = [seconds(lambda: service.transport.json("GET", API)) for _ in range(SAMPLES)]
            alone = [
                seconds_alone(lambda: service.transport.json("GET", API)) for _ in range(SAMPLES)
            ]
    return table(jobs) | {
        "one_http_request_ms": _figures(request),
        "one_http_request_alone_ms": _figures(alone),
    }


def moments(service: BenchService, place: Path) -> dict[str, int]:
    """Run one job; return when it passed each station, in nanoseconds."""
    rest()  # the fork server refills
    stations = place / "stations"
    stations.write_bytes(b"")
    found = {"begin": time.monotonic_ns()}
    called = service.call(CLOCK)
    found["there"] = time.monotonic_ns()
    lines: list[str] = []
    # the writer says that it has committed when others may have acted upon it
    while sum(line.startswith("committed") for line in lines) < 2:
        lines = stations.read_text().splitlines()
    for line in lines:
        name, moment = line.split()
        found.setdefault(LATER.get(name, name) if int(moment) > called else name, int(moment))
        if name == LAST:  # a job that outlasts the wait of its submission is answered twice
            found[name] = int(moment)
    return found | {"called": called, "sent": found["begin"]}


def table(jobs: list[dict[str, int]]) -> dict[str, Any]:
    """Return the figures of each step, of jobs of which `moments` told."""
    spans: dict[str, list[float]] = {name: [] for name in STEPS}
    for passed in jobs:
        for before, name in zip(STEPS, list(STEPS)[1:], strict=False):
            spans[name].append((passed[name] - passed[before]) / 1e9)
    del spans["sent"]  # where the clock begins
    whole = [(passed["there"] - passed["sent"]) / 1e9 for passed in jobs]
    return {
        "steps": {f"{name}: {STEPS[name]}": _figures(times) for name, times in spans.items()},
        "whole_ms": _figures(whole),
    }


def _figures(times: list[float]) -> list[float]:
    """Return the median and the least, in milliseconds."""
    return [round(1000 * each, 2) for each in (statistics.median(times), min(times))]
