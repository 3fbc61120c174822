"""Pages of the index while all slots of the service are busy, beside the same bytes from memory.

Jobs have processes of their own, and the index has not: it is answered by the process that
starts them and ends them. So there are two kinds of busy: jobs that compute, which take cores
away and nothing of that process, and jobs that take no time, of which it has no end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness.bench_service import WIDTH, BenchService, served
from benchmarks.harness.index_load import Load, rate_of
from benchmarks.index import LIMIT_PAGES_PER_SECOND, SMALL_PAGES, filled, static_copy
from park.model.ids import new_id
from park.wire import API
from park_repo.negotiation import JSON

ROUNDS = 3
BATCH = 200
_SECONDS = 2.0
_CONNECTIONS, _DEPTH = 8, 16

_LONG = 10**11
"""Rounds of a loop that no measurement outlasts."""


def measure(rounds: int | None) -> dict[str, Any]:
    """Return requests a second of pages of three files in each state of the service."""
    with TemporaryDirectory(prefix="park-bench-") as folder:
        place = Path(folder)
        filled(place / "service" / "home")
        with served(place / "service") as service:
            _mirror(service, place / "static")
            with static_copy(place / "static") as port:
                found = {
                    name: _rates(service, port, busy, rounds or ROUNDS)
                    for name, busy in _STATES.items()
                }
    computing = found["slots_compute"]["requests_per_second"]
    return {
        "yardstick": "the same bytes from memory by uvicorn, without authentication, as busy",
        "slots": WIDTH,
        **found,
        "limit_requests_per_second": LIMIT_PAGES_PER_SECOND,
        "holds": computing >= LIMIT_PAGES_PER_SECOND,
    }


def _rates(
    service: BenchService,
    static: int,
    busy: Callable[[BenchService], AbstractContextManager[object]],
    rounds: int,
) -> dict[str, Any]:
    with busy(service):
        pairs = [(_rate(service, _port_of(service)), _rate(service, static)) for _ in range(rounds)]
    ours, theirs = (median(rates) for rates in zip(*pairs, strict=True))
    return {
        "requests_per_second": round(ours),
        "static_requests_per_second": round(theirs),
        "over_static": round(ours / theirs, 2),
    }


def _mirror(service: BenchService, folder: Path) -> None:
    for page in SMALL_PAGES:
        copy = folder / page.lstrip("/") / "index"
        copy.parent.mkdir(parents=True)
        copy.write_bytes(service.transport.bytes(page, headers={"Accept": JSON}).content)


def _port_of(service: BenchService) -> int:
    return int(service.transport.address.url.rpartition(":")[2])


def _rate(service: BenchService, port: int) -> float:
    headers = {"Authorization": f"Bearer {service.transport.address.token}", "Accept": JSON}
    return rate_of(
        Load(
            port=port,
            paths=SMALL_PAGES,
            headers=headers,
            connections=_CONNECTIONS,
            depth=_DEPTH,
            seconds=_SECONDS,
        )
    )


@contextmanager
def _computing(service: BenchService) -> Iterator[None]:
    """Have a job on each slot that computes until it is cancelled."""
    call = {"args": ["pass"], "kwargs": {"number": _LONG}}
    facts = {"entry_point": "timeit:timeit", "call": call, "lock_hash": service.lock}
    jobs = [{"id": new_id(), **facts, "memo": False} for _ in range(WIDTH)]
    service.transport.json("POST", f"{API}/jobs", json=jobs)
    while len(service.transport.json("GET", f"{API}/jobs", params={"status": "running"})) < WIDTH:
        pass
    yield
    for job in jobs:
        service.transport.json("POST", f"{API}/jobs/{job['id']}/cancel")


@contextmanager
def _starting(service: BenchService) -> Iterator[None]:
    """Have jobs without end that take no time."""
    is_over = threading.Event()

    def run() -> None:
        while not is_over.is_set():
            service.run(BATCH)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    is_over.set()
    thread.join()


_STATES: dict[str, Callable[[BenchService], AbstractContextManager[object]]] = {
    "idle": lambda _: nullcontext(),
    "slots_compute": _computing,
    "slots_start_and_end": _starting,
}
