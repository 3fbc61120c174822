"""What `park queues` shows of the engines: a line for each, or for each of its partitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from park.wire import QueueRecord
from park_server.jobs.engines.offers import EngineOffer

__all__ = ["Load", "queue_records"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """The jobs of an engine: ``running`` ones have ``cpus`` slots of it, others are ``waiting``."""

    running: int = 0
    waiting: int = 0
    cpus: int = 0


def queue_records(offers: Sequence[EngineOffer], loads: Mapping[str, Load]) -> list[QueueRecord]:
    """Return the engines with their ``loads``, the default first."""
    found: list[QueueRecord] = []
    for offer in offers:
        load = loads.get(offer.name, Load())
        of_engine = _of_cluster if offer.is_cluster and offer.partitions else _of_machine
        found += of_engine(offer, load, is_first=offer is offers[0])
    return found


def _of_machine(offer: EngineOffer, load: Load, *, is_first: bool) -> Iterator[QueueRecord]:
    yield QueueRecord(
        engine=offer.name,
        partition=offer.partition,
        is_default=is_first,
        nodes=0 if offer.is_cluster else 1,
        cpus=offer.cpus,
        cpus_taken=None if offer.is_cluster else load.cpus,
        gpus=offer.gpus,
        memory_bytes=offer.memory_bytes,
        longest_s=None,
        running=load.running,
        waiting=load.waiting,
    )


def _of_cluster(offer: EngineOffer, load: Load, *, is_first: bool) -> Iterator[QueueRecord]:
    for name, there in offer.partitions.items():
        yield QueueRecord(
            engine=offer.name,
            partition=name,
            is_default=is_first and name == offer.partition,
            nodes=there.nodes,
            cpus=there.all_cpus,
            cpus_taken=there.cpus_taken,
            gpus=there.gpus,
            memory_bytes=there.memory_bytes,
            longest_s=there.longest_s,
            running=load.running,
            waiting=load.waiting,
        )
