"""Units of pools: what a condition claims of those that are free, and who is served first."""

from __future__ import annotations

import pytest

from park.model.conditions import Expression, JobIs, Phase, Pool, all_of, any_of
from park.model.ids import JobId
from park.model.truth import Truth
from park_server.jobs.conditions.pools import Pools, claim

DONE = JobIs(job="a", phase=Phase.COMPLETED)


def pool(name: str, count: int = 1) -> Pool:
    return Pool(name=name, count=count)


@pytest.mark.parametrize(
    ("expression", "holds", "units"),
    [
        (pool("gpu"), False, {"gpu": 1}),
        (pool("gpu", 3), False, None),
        (all_of([pool("gpu"), pool("gpu")]), False, {"gpu": 2}),
        (all_of([pool("gpu", 2), pool("licence")]), False, None),
        (any_of([pool("licence"), pool("gpu")]), False, {"gpu": 1}),
        (all_of([DONE, pool("gpu")]), True, {"gpu": 1}),
        (all_of([DONE, pool("gpu")]), False, None),
        (any_of([DONE, pool("gpu")]), True, {}),
        # what has no choice comes first, so that the choice is left what remains
        (all_of([any_of([pool("gpu", 2), pool("cpu")]), pool("gpu")]), False, {"gpu": 1, "cpu": 1}),
    ],
)
def test_what_is_claimed_of_what_is_free(
    expression: Expression, *, holds: bool, units: dict[str, int] | None
) -> None:
    free = {"gpu": 2, "cpu": 4, "licence": 0}
    assert claim(expression, lambda _: holds, free) == units


def test_what_the_service_never_has_is_never() -> None:
    pools = Pools({"gpu": 2})
    assert pools.verdict_of(pool("gpu", 2)).truth is Truth.TRUE
    assert pools.verdict_of(pool("gpu", 3)).why == "needs 3 of gpu, which has 2"
    assert pools.verdict_of(pool("tpu")).why == "needs 1 of tpu; the pools here: gpu"


def test_units_are_taken_and_given_back() -> None:
    pools = Pools({"gpu": 2})
    pools.take(JobId("a"), "ada", {"gpu": 1})
    pools.take(JobId("b"), "ada", {"gpu": 1})
    assert pools.free == {"gpu": 0}
    pools.give_back(JobId("a"))
    pools.give_back(JobId("a"))
    assert pools.free == {"gpu": 1}
    pools.reset([(JobId("c"), "ada", {"gpu": 2})])
    assert pools.free == {"gpu": 0}


def test_a_large_request_keeps_the_pool_from_those_behind_it() -> None:
    pools = Pools({"gpu": 2, "licence": 1})
    for job, wanted in (("large", pool("gpu", 2)), ("small", pool("gpu"))):
        pools.queue(JobId(job), "ada", wanted)
    pools.queue(JobId("other"), "ada", pool("licence"))
    asked: list[str] = []

    def is_served(job: str) -> bool:
        asked.append(job)
        return job == "other"

    pools.serve(is_served)

    assert asked == ["large", "other"]


def served(pools: Pools, *, units: int = 1) -> list[str]:
    """Offer what is free to who asks for ``units`` of gpu; return who took it."""
    order: list[str] = []

    def is_served(job: JobId) -> bool:
        if pools.free["gpu"] < units:
            return False
        pools.take(job, job.partition("-")[0], {"gpu": units})
        order.append(job)
        return True

    pools.serve(is_served)
    return order


def flood(pools: Pools, user: str, jobs: int) -> None:
    for number in range(jobs):
        pools.queue(JobId(f"{user}-{number}"), user, pool("gpu"))


def test_a_flood_in_a_pool_lets_another_have_what_comes_free() -> None:
    pools = Pools({"gpu": 1})
    flood(pools, "ada", 100)
    assert served(pools) == ["ada-0"]
    flood(pools, "bob", 2)
    for before, after in (("ada-0", "bob-0"), ("bob-0", "ada-1"), ("ada-1", "bob-1")):
        pools.give_back(JobId(before))
        assert served(pools) == [after]


def test_who_holds_least_of_a_pool_comes_first() -> None:
    pools = Pools({"gpu": 4})
    flood(pools, "ada", 100)
    assert served(pools) == ["ada-0", "ada-1", "ada-2", "ada-3"]
    flood(pools, "bob", 100)
    gone = ["ada-0", "ada-1", "ada-2"]
    found = []
    for job in gone:
        pools.give_back(JobId(job))
        found += served(pools)
    assert found == ["bob-0", "bob-1", "ada-4"]


def test_what_is_held_is_known_again_by_its_user() -> None:
    pools = Pools({"gpu": 2})
    pools.reset([(JobId("ada-0"), "ada", {"gpu": 1})])
    flood(pools, "ada", 1)
    flood(pools, "bob", 1)
    pools.open()
    assert served(pools) == ["bob-0"]
