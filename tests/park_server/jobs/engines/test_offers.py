"""Which engine a job goes to, and what is said where none can give what it asks."""

from __future__ import annotations

from typing import Any

import pytest

from park.errors import CannotSatisfy
from park.model.asked.resources import Resources
from park_server.jobs.engines.offers import EngineOffer, PartitionOffer, placed, unmet

HERE = EngineOffer(name="local", cpus=4, gpus=1, memory_bytes=8 << 30)
CLUSTER = EngineOffer(
    name="slurm",
    is_cluster=True,
    partition="main",
    extra=frozenset({"--constraint", "--exclusive"}),
    partitions={
        "main": PartitionOffer(nodes=4, cpus=32, memory_bytes=64 << 30, gpus=2),
        "short": PartitionOffer(nodes=2, cpus=8, memory_bytes=16 << 30, longest_s=300.0),
    },
)
UNKNOWN = EngineOffer(name="slurm", is_cluster=True)


@pytest.mark.parametrize(
    ("asked", "engine"),
    [
        (Resources(cpus=4, gpus=1, memory_bytes=8 << 30), None),
        (Resources(cpus=5), "slurm"),
        (Resources(gpus=2), "slurm"),
        (Resources(memory_bytes=9 << 30), "slurm"),
        (Resources(nodes=2), "slurm"),
        (Resources(partition="short"), "slurm"),
        (Resources(licenses={"matlab": 1}), "slurm"),
        (Resources(extra=["--constraint=avx2"]), "slurm"),
        (Resources(engine="slurm"), "slurm"),
        (Resources(engine="local", cpus=2), "local"),
    ],
    ids=str,
)
def test_a_job_goes_to_the_engine_that_it_names_else_to_the_first_that_gives_it(
    asked: Resources, engine: str | None
) -> None:
    found = placed(asked, [HERE, CLUSTER])
    assert found is not None
    assert found.engine == engine


def test_what_asks_for_nothing_stays_as_it_is() -> None:
    assert placed(None, [HERE, CLUSTER]) is None
    assert placed(None, [CLUSTER]) is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cpus": 5}, "local: 5 cpus are asked for, and there are 4"),
        ({"gpus": 2}, "local: 2 gpus are asked for, and there are 1"),
        ({"memory_bytes": 9 << 30}, "9.0 GiB are asked for, and there are 8.0 GiB"),
        ({"nodes": 2}, "2 nodes are asked for, and it is one machine"),
        ({"account": "sns"}, "account='sns' is for a cluster"),
    ],
    ids=str,
)
def test_a_refusal_says_what_there_is(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(CannotSatisfy) as caught:
        placed(Resources(**asked), [HERE])
    assert said in caught.value.message
    assert "park queues" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"partition": "long"}, "it has no partition long: there are main, short"),
        ({"partition": "short", "walltime_s": 600.0}, "jobs end there after 300"),
        ({"partition": "short", "nodes": 3}, "3 nodes are asked for, and there are 2"),
        ({"cpus": 64}, "64 cpus are asked for, and there are 32"),
        ({"extra": ["--uid=0"]}, "--uid is no option that jobs may give"),
        ({"partition": "short", "gpus": 1}, "1 gpus are asked for, and there are 0"),
    ],
    ids=str,
)
def test_a_partition_is_held_to_what_it_has(asked: dict[str, Any], said: str) -> None:
    assert said in (unmet(Resources(**asked), CLUSTER) or "")


def test_one_of_several_partitions_is_enough_and_of_an_unknown_cluster_nothing_is_refused() -> None:
    assert unmet(Resources(partition="short,main", cpus=16), CLUSTER) is None
    assert unmet(Resources(partition="long", cpus=64), UNKNOWN) is None


def test_an_engine_that_there_is_not_is_told_with_those_that_there_are() -> None:
    with pytest.raises(CannotSatisfy, match=r"no engine 'pbs': it has local, slurm"):
        placed(Resources(engine="pbs"), [HERE, CLUSTER])


PILOTS = EngineOffer(name="parsl", is_cluster=True, is_pilots=True)


@pytest.mark.parametrize(
    ("engines", "asked", "expected_s", "engine"),
    [
        ([CLUSTER, PILOTS], None, 60.0, "parsl"),
        ([CLUSTER, PILOTS], None, 600.0, "parsl"),
        ([CLUSTER, PILOTS], None, 601.0, None),
        ([CLUSTER, PILOTS], None, None, None),
        ([PILOTS, CLUSTER], None, 3600.0, "slurm"),
        ([PILOTS, CLUSTER], None, 5.0, None),
        ([PILOTS, CLUSTER], None, None, None),
        ([HERE, PILOTS, CLUSTER], None, 5.0, None),
        ([HERE, PILOTS, CLUSTER], None, 86400.0, None),
        ([HERE, PILOTS, CLUSTER], Resources(cpus=8), 5.0, "slurm"),
        ([CLUSTER, PILOTS], Resources(cpus=2), 5.0, None),
        ([CLUSTER, PILOTS], Resources(engine="slurm"), 5.0, "slurm"),
        ([PILOTS, CLUSTER], Resources(engine="parsl"), 86400.0, "parsl"),
        ([PILOTS], None, 86400.0, None),
        ([PILOTS, HERE], None, 86400.0, None),
        ([CLUSTER, HERE], None, 5.0, None),
        ([CLUSTER, HERE, PILOTS], None, 5.0, "parsl"),
    ],
)
def test_a_job_goes_to_pilots_or_to_a_queue_by_the_time_that_is_expected_of_it(
    engines: list[EngineOffer], asked: Resources | None, expected_s: float | None, engine: str
) -> None:
    found = placed(asked, engines, expected_s=expected_s)
    assert (found.engine if found is not None else None) == engine


def test_what_is_short_is_what_the_operator_says() -> None:
    assert placed(None, [CLUSTER, PILOTS], expected_s=60.0, short_s=30.0) is None


@pytest.mark.parametrize(
    ("asked", "partition"),
    [
        (Resources(walltime_s=200.0), None),
        (Resources(walltime_s=3600.0), "long"),
        (Resources(nodes=2), "wide"),
        (Resources(partition="main"), "main"),
    ],
    ids=str,
)
def test_what_the_default_partition_cannot_give_goes_to_another_that_can(
    asked: Resources, partition: str | None
) -> None:
    node: dict[str, Any] = {"cpus": 8, "memory_bytes": 1 << 30}
    cluster = EngineOffer(
        name="slurm",
        is_cluster=True,
        partition="main",
        partitions={
            "wide": PartitionOffer(nodes=4, longest_s=60.0, **node),
            "long": PartitionOffer(nodes=1, longest_s=86400.0, **node),
            "main": PartitionOffer(nodes=1, longest_s=300.0, **node),
        },
    )
    found = placed(asked, [cluster])
    assert found is not None
    assert found.partition == partition
    with pytest.raises(CannotSatisfy, match=r"2 nodes are asked for, and there are 1"):
        placed(Resources(nodes=2, walltime_s=3600.0), [cluster])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cpus": 2}, "2 cpus on 1 nodes are asked for, and each worker is one"),
        ({"gpus": 1}, "gpus=1 is for a job of its own"),
        ({"partition": "main"}, "partition='main' is for a job of its own"),
    ],
)
def test_pilots_take_small_jobs_alone(asked: dict[str, Any], said: str) -> None:
    assert unmet(Resources(), PILOTS) is None
    assert said in (unmet(Resources(**asked), PILOTS) or "")
