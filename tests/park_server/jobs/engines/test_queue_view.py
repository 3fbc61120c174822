"""A line for each engine, or for each partition of a cluster."""

from __future__ import annotations

from park_server.jobs.engines.offers import EngineOffer, PartitionOffer
from park_server.jobs.engines.queue_view import Load, queue_records

HERE = EngineOffer(name="local", cpus=4, gpus=1, memory_bytes=8 << 30)
PARTS = {
    "main": PartitionOffer(nodes=4, cpus=4, memory_bytes=1 << 30, all_cpus=16, cpus_taken=3),
    "short": PartitionOffer(nodes=1, cpus=4, memory_bytes=1 << 30, longest_s=300.0),
}


def test_a_machine_shows_its_slots_and_a_cluster_its_partitions() -> None:
    cluster = EngineOffer(name="slurm", is_cluster=True, partition="main", partitions=PARTS)
    here, main, short = queue_records(
        [HERE, cluster], {"local": Load(running=1, waiting=2, cpus=3), "slurm": Load(running=5)}
    )
    assert (here.engine, here.partition, here.is_default) == ("local", None, True)
    assert (here.cpus, here.cpus_taken, here.running, here.waiting) == (4, 3, 1, 2)
    assert (main.partition, main.is_default, main.cpus, main.cpus_taken) == ("main", False, 16, 3)
    assert (short.longest_s, short.running) == (300.0, 5)
    assert queue_records([cluster, HERE], {})[0].is_default


def test_of_a_cluster_that_does_not_answer_nothing_is_claimed() -> None:
    (record,) = queue_records([EngineOffer(name="slurm", is_cluster=True)], {})
    assert (record.cpus, record.cpus_taken, record.nodes) == (None, None, 0)
    assert record.is_default
