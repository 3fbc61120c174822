"""The metrics of a service, gathered when somebody asks: values by metric, in no format yet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from park import __version__
from park.wire import QueueRecord
from park_repo.histogram import Histogram
from park_server.http.parts import ServiceParts
from park_server.operating.counts_now import counts_now
from park_server.operating.latencies import EndedLatencies
from park_server.operating.readiness import Condition, reasons
from park_server.operating.traffic import Traffic
from park_server.retention.sizes_on_disk import free_below

__all__ = ["Gathered", "Metrics", "condition_of"]

Values = Mapping[tuple[str, ...], float | Histogram]
Gathered = Mapping[str, Values]
"""By metric and the values of its labels."""

_PATIENCE = 50.0
"""How many times longer the size of the store counts than it took to find: it takes a look at
each wheel, and a fiftieth of a processor is for that."""


@dataclass(slots=True)
class _StoreSize:
    wheels: int = 0
    size: int = 0
    good_until: float = float("-inf")


class Metrics:
    """Gathers the metrics of ``parts``; ``traffic`` is in front of them."""

    def __init__(
        self,
        parts: ServiceParts,
        traffic: Traffic,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._traffic = traffic
        self._clock = clock
        self._ended = EndedLatencies(parts.database)
        self._store = _StoreSize()
        self._lock = threading.Lock()

    def gather(self, queues: list[QueueRecord]) -> Gathered:
        """Return all; reads the database and the disk, so it is not for an event loop.

        ``queues`` are the engines as the event loop sees them.
        """
        with self._lock:  # of several who ask at once
            default = queues[0].engine
            self._ended.catch_up(default)
            return {
                **self._of_service(),
                **self._of_jobs(default),
                **_of_slots(queues),
                **self._of_store(),
                **self._of_traffic(),
                **self._of_database(),
            }

    def _of_service(self) -> Gathered:
        return {
            "park_info": {(__version__,): 1},
            "park_ready": {(): float(not reasons(condition_of(self._parts)))},
        }

    def _of_jobs(self, default: str) -> Gathered:
        counts, ended = self._parts.database.read(lambda c: counts_now(c, default)), self._ended
        layers = counts.index.items()
        return {
            "park_jobs": _paired(counts.jobs),
            "park_jobs_ended_total": _paired(ended.jobs),
            "park_job_waiting_seconds": _labelled(ended.waiting),
            "park_job_running_seconds": _labelled(ended.running),
            "park_job_whole_seconds": _labelled(ended.whole),
            "park_installs": _labelled(counts.installs),
            "park_installs_ended_total": _labelled(ended.installs),
            "park_install_seconds": {(): ended.install_seconds},
            "park_environments": _labelled(counts.environments),
            "park_environments_bytes": {(): counts.environments_bytes},
            "park_index_files": {(layer,): count for layer, (count, _) in layers},
            "park_index_bytes": {(layer,): size for layer, (_, size) in layers},
        }

    def _of_store(self) -> Gathered:
        store, began = self._store, self._clock()
        if began >= store.good_until:
            sizes = self._parts.environments.sizes()
            store.wheels, store.size = len(sizes), sum(sizes.values())
            store.good_until = began + _PATIENCE * (self._clock() - began)
        return {
            "park_store_wheels": {(): store.wheels},
            "park_store_bytes": {(): store.size},
            "park_home_free_bytes": {(): free_below(self._parts.content.folder)},
        }

    def _of_traffic(self) -> Gathered:
        traffic = self._traffic
        return {
            "park_http_requests_total": _counted(traffic.requests),
            "park_http_request_seconds": _labelled(traffic.seconds),
            "park_index_requests_total": _counted(traffic.index),
            "park_requests_waiting": {(): traffic.waiting},
            "park_event_streams": {(): traffic.streams},
        }

    def _of_database(self) -> Gathered:
        tally = self._parts.database.tally
        return {
            "park_database_changes_total": {(): tally.changes},
            "park_database_commit_seconds": {(): tally.seconds},
        }


def condition_of(parts: ServiceParts) -> Condition:
    """Return how what the service stands on is; asks nothing of its database."""
    return Condition(
        database_lost=bool(parts.database.outage.remark),
        database_damaged=parts.database.is_damaged,
        disk_refuses=bool(parts.disk.remark),
        stops=parts.bus.is_over,
    )


def _of_slots(queues: list[QueueRecord]) -> Gathered:
    counted = [each for each in queues if each.cpus is not None and each.cpus_taken is not None]
    own = [each for each in counted if each.partition is None]
    return {
        "park_slots": {(each.engine,): each.cpus or 0 for each in own},
        "park_slots_taken": {(each.engine,): each.cpus_taken or 0 for each in own},
    }


def _labelled(values: Mapping[str, int | Histogram]) -> Values:
    return {(label,): value for label, value in list(values.items())}


def _paired(values: Mapping[tuple[str, str], int]) -> Values:
    return {(one, other): count for (one, other), count in list(values.items())}


def _counted(counts: Mapping[tuple[str, int], int]) -> Values:
    return {(what, str(status)): count for (what, status), count in list(counts.items())}
