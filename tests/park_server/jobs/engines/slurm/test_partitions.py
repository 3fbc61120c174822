"""Partitions of a cluster: asked now and then, and kept while nobody answers."""

from __future__ import annotations

from collections.abc import Sequence

from park_server.jobs.engines.slurm.asking import Answer
from park_server.jobs.engines.slurm.partitions import Partitions

LINES = "main*|4|4|8000|gpu:2|infinite|3/13/0/16\nshort|4|4|8000|(null)|5:00|0/16/0/16\n"


class Cluster:
    def __init__(self) -> None:
        self.answer = Answer(is_answered=True, stdout=LINES)
        self.times = 0
        self.now = 0.0

    def ask(self, command: Sequence[str], limit_s: float) -> Answer:
        assert command[0] == "sinfo"
        assert limit_s > 0
        self.times += 1
        return self.answer

    def clock(self) -> float:
        return self.now


def test_all_are_offered_and_asked_again_only_after_a_while() -> None:
    cluster = Cluster()
    partitions = Partitions(ask=cluster.ask, clock=cluster.clock)
    offer = partitions.offer("slurm")
    assert (sorted(offer.partitions), offer.partition, offer.is_cluster) == (
        ["main", "short"],
        "main",
        True,
    )
    partitions.offer("slurm")
    assert cluster.times == 1
    cluster.now, cluster.answer = 60.0, Answer(is_answered=False)
    assert partitions.offer("slurm").partitions == offer.partitions
    assert cluster.times == 2


def test_the_operator_says_which_and_the_first_is_that_of_jobs_that_name_none() -> None:
    cluster = Cluster()
    partitions = Partitions(["short"], ask=cluster.ask, clock=cluster.clock)
    offer = partitions.offer("slurm")
    assert (list(offer.partitions), offer.partition) == (["short"], "short")


def test_of_a_cluster_that_does_not_answer_nothing_is_known() -> None:
    cluster = Cluster()
    cluster.answer = Answer(is_answered=False)
    assert Partitions(ask=cluster.ask, clock=cluster.clock).offer("slurm").partitions == {}
