"""A line for each engine, or for each partition of a cluster."""

from __future__ import annotations

from dataclasses import replace

from park_server.jobs.engines.offers import EngineOffer, PartitionOffer
from park_server.jobs.engines.queue_view import Load, queue_records

HERE = EngineOffer(name="local", cpus=4, gpus=1, memory_bytes=8 << 30)
PARTS = {
    "main": PartitionOffer(nodes=4, cpus=4, memory_bytes=1 << 30, all_cpus=16, cpus_taken=3),
    "short": PartitionOffer(nodes=1, cpus=4, memory_bytes=1 << 30, longest_s=300.0),
}


def test_a_machine_shows_its_slots_and_a_cluster_its_partitions() -> None:
    cluster = EngineOffer(name="slurm", is_cluster=True, partition="main", partitions=PARTS)
    load = Load(running=5, of_partitions={None: (2, 1), "main": (1, 0), "short": (5, 6)})
    here, main, short = queue_records(
        [HERE, cluster], {"local": Load(running=1, waiting=2, cpus=3), "slurm": load}
    )
    assert (here.engine, here.partition, here.is_default) == ("local", None, True)
    assert (here.cpus, here.cpus_taken, here.running, here.waiting) == (4, 3, 1, 2)
    assert (main.partition, main.is_default, main.cpus, main.cpus_taken) == ("main", False, 16, 3)
    assert (main.running, main.waiting) == (3, 1)
    assert (short.longest_s, short.running, short.waiting) == (300.0, 5, 6)
    assert queue_records([cluster, HERE], {})[0].is_default


def test_pilots_show_their_workers_once_there_are_any() -> None:
    pilots = EngineOffer(name="parsl", is_cluster=True, is_pilots=True)
    (record,) = queue_records([pilots], {"parsl": Load(waiting=9)})
    assert (record.cpus, record.cpus_taken, record.nodes) == (None, None, 0)
    there = replace(pilots, workers=8, pilots=2)
    (record,) = queue_records([there], {"parsl": Load(running=3, waiting=6)})
    assert (record.cpus, record.cpus_taken, record.nodes) == (8, 3, 2)
    assert (record.running, record.waiting) == (3, 6)


def test_of_a_cluster_that_does_not_answer_nothing_is_claimed() -> None:
    (record,) = queue_records([EngineOffer(name="slurm", is_cluster=True)], {})
    assert (record.cpus, record.cpus_taken, record.nodes) == (None, None, 0)
    assert record.is_default
