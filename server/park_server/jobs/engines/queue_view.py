"""What `park queues` shows of the engines: a line for each, or for each of its partitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from park.wire import QueueRecord
from park_server.jobs.engines.offers import EngineOffer

__all__ = ["Load", "queue_records"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """The jobs of an engine: ``running`` ones have ``cpus`` slots of it, others are ``waiting``.

    ``of_partitions`` are the running and the waiting ones of each partition that they name, of None
    those that name none.
    """

    running: int = 0
    waiting: int = 0
    cpus: int = 0
    of_partitions: Mapping[str | None, tuple[int, int]] = field(default_factory=dict)


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
        nodes=offer.pilots if offer.is_cluster else 1,
        cpus=offer.workers if offer.is_pilots else offer.cpus,
        cpus_taken=_taken(offer, load),
        gpus=offer.gpus,
        memory_bytes=offer.memory_bytes,
        longest_s=None,
        running=load.running,
        waiting=load.waiting,
    )


def _taken(offer: EngineOffer, load: Load) -> int | None:
    if offer.is_pilots:
        return None if offer.workers is None else min(load.running, offer.workers)
    return None if offer.is_cluster else load.cpus


def _of_cluster(offer: EngineOffer, load: Load, *, is_first: bool) -> Iterator[QueueRecord]:
    for name, there in offer.partitions.items():
        # what names none goes to the default
        names = {name, None} if name == offer.partition else {name}
        counts = [load.of_partitions.get(each, (0, 0)) for each in names]
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
            running=sum(running for running, _ in counts),
            waiting=sum(waiting for _, waiting in counts),
        )
