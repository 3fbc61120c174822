"""Which jobs go to a worker together: those known to be short, where many wait."""

from __future__ import annotations

from typing import Any

import pytest

from park_server.pilots.groups import MOST, TASK_S, Groups


def messages(count: int, *, server: str = "a", reuse: bool = True, **more: Any) -> list[Any]:
    return [{"server": server, "order": {"reuse": reuse, "n": n}, **more} for n in range(count)]


def sizes(groups: Groups, wanted: list[Any], *, waiting: int = 1000, workers: int = 2) -> list[int]:
    made = groups.of(wanted, waiting=waiting, workers=workers)
    assert sorted((m["server"], m["order"]["n"]) for group in made for m in group) == sorted(
        (m["server"], m["order"]["n"]) for m in wanted
    )
    return [len(group) for group in made]


@pytest.fixture
def quick() -> Groups:
    groups = Groups()
    groups.learn("a", 0.001)
    return groups


def test_short_ones_go_together_where_many_wait(quick: Groups) -> None:
    assert sizes(quick, messages(MOST * 2 + 1)) == [MOST, MOST, 1]
    assert sizes(quick, messages(4), waiting=12) == [3, 1]  # each worker has some
    assert sizes(quick, messages(2), waiting=3) == [1, 1]


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(messages(9, reuse=False), id="a process each"),
        pytest.param(messages(9, again=True), id="given back"),
        pytest.param(messages(9, server="b"), id="of which nothing is known"),
    ],
)
def test_others_go_one_by_one(quick: Groups, wanted: list[Any]) -> None:
    assert sizes(quick, wanted) == [1] * 9


def test_without_workers_none_go_together(quick: Groups) -> None:
    assert sizes(quick, messages(3), workers=0) == [1, 1, 1]


def test_a_group_is_of_one_kind_and_keeps_its_order(quick: Groups) -> None:
    quick.learn("b", 0.001)
    mixed = [
        each for pair in zip(messages(4), messages(4, server="b"), strict=True) for each in pair
    ]
    made = quick.of(mixed, waiting=1000, workers=2)
    assert [{m["server"] for m in group} for group in made] == [{"a"}, {"b"}]
    assert [m["order"]["n"] for m in made[0]] == [0, 1, 2, 3]


def test_a_task_is_no_longer_than_it_may_be_and_a_slow_one_counts_for_long(quick: Groups) -> None:
    quick.learn("a", TASK_S / 2)
    assert sizes(quick, messages(4)) == [2, 2]
    quick.learn("a", 2 * TASK_S)
    assert sizes(quick, messages(2)) == [1, 1]
    for _ in range(2):
        quick.learn("a", 0.001)
    assert sizes(quick, messages(4)) == [2, 2]
