"""Submissions a second, a job in each, by one client and by many: committed when answered.

The jobs wait for one that is held, so that none of them runs meanwhile. The yardstick are requests
that ask for nothing, by the same clients on the same connections.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from benchmarks.harness.bench_service import BenchService
from benchmarks.harness.instant_engine import HELD
from benchmarks.harness.timing import seconds
from park.model.ids import new_id
from park.wire import API

__all__ = ["submissions"]

CLIENTS = {1: 1_000, 32: 2_500}
"""How many clients there are, and how many submissions a second are wanted of them."""

EACH = 320
"""Submissions of each measurement, all clients together."""


def submissions(bench: BenchService, rounds: int) -> dict[str, Any]:
    """Return submissions and bare requests a second, in turn, the best of each."""
    (gate,) = bench.submit(HELD, 1)
    found = {}
    for clients, wanted in CLIENTS.items():
        rates: dict[str, list[float]] = {"submissions": [], "requests": []}
        for _ in range(rounds):
            for name, ask in (("submissions", _submission(bench, gate)), ("requests", _nothing)):
                rates[name].append(EACH / seconds(lambda a=ask, n=clients: _all(bench, n, a)))  # type: ignore[misc]
        best = {name: max(each) for name, each in rates.items()}
        found[f"{clients}_clients"] = {
            **{f"{name}_per_second": round(rate) for name, rate in best.items()},
            "requests_over_submissions": round(best["requests"] / best["submissions"], 2),
            "wanted_per_second": wanted,
            "holds": best["submissions"] >= wanted,
        }
    bench.transport.json("POST", f"{API}/jobs/{gate}/cancel", params={"dependents": "true"})
    return found


_Ask = Callable[[], tuple[str, str, str | None]]
"""Makes a request: method, path and body."""


def _submission(bench: BenchService, gate: str) -> _Ask:
    when = {"version": 1, "condition": {"job": gate, "is": "completed"}}

    def ask() -> tuple[str, str, str | None]:
        job = {"id": new_id(), "entry_point": "math:sqrt", "lock_hash": bench.lock, "memo": False}
        job |= {"call": {"args": [1.0], "kwargs": {}}, "when": when}
        return "POST", f"{API}/jobs", json.dumps([job])

    return ask


def _nothing() -> tuple[str, str, str | None]:
    return "GET", API, None


def _all(bench: BenchService, clients: int, ask: _Ask) -> None:
    """Have ``clients`` threads ask one request after the other, each on its connection."""
    threads = [
        threading.Thread(target=_one, args=(bench, EACH // clients, ask)) for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _one(bench: BenchService, requests: int, ask: _Ask) -> None:
    address = bench.transport.address
    headers = {"Authorization": f"Bearer {address.token}", "Content-Type": "application/json"}
    connection = HTTPConnection(urlsplit(address.url).netloc)
    for _ in range(requests):
        connection.request(*ask(), headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"answered {answer.status}")
    connection.close()
