"""Which jobs go to a worker together: those known to be short, where many wait."""

from __future__ import annotations

from typing import Any

import pytest

from park_server.pilots.groups import MOST, TASK_S, Group, Groups


def messages(count: int, *, server: str = "a", reuse: bool = True, **more: Any) -> list[Any]:
    return [{"server": server, "order": {"reuse": reuse, "n": n}, **more} for n in range(count)]


def add(groups: Groups, *wanted: Any) -> None:
    for message in wanted:
        groups.add(message)


def sizes(taken: list[Group]) -> list[int]:
    return [len(group.messages) for group in taken]


@pytest.fixture
def quick() -> Groups:
    groups = Groups()
    groups.learn("a", 0.001)
    return groups


def test_short_ones_find_company_while_each_worker_has_tasks_ahead(quick: Groups) -> None:
    add(quick, *messages(1))
    first = list(quick.taken(2))
    assert sizes(first) == [1]  # nobody waits for others while a worker has nothing
    add(quick, *messages(3))
    ahead = list(quick.taken(2))
    assert sizes(ahead) == [1, 1, 1]
    for message in messages(4 * MOST + 3):
        quick.add(message)
        assert list(quick.taken(2)) == []
    quick.over(first[0])
    assert sizes(list(quick.taken(2))) == [MOST]
    for group in ahead:
        quick.over(group)
    left = list(quick.taken(2))
    assert sizes(left) == [6, 5, 4]  # the last of them are for all workers
    assert [m["order"]["n"] for g in left for m in g.messages] == [*range(MOST, MOST + 15)]


def test_a_further_worker_has_what_waits_at_once(quick: Groups) -> None:
    add(quick, *messages(40))
    assert sizes(list(quick.taken(1))) == [MOST, MOST]
    assert sizes(list(quick.taken(2))) == [6, 4]


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(messages(9, reuse=False), id="a process each"),
        pytest.param(messages(9, again=True), id="given back"),
        pytest.param(messages(9, server="b"), id="of which nothing is known"),
    ],
)
def test_others_go_one_by_one_and_at_once(quick: Groups, wanted: list[Any]) -> None:
    add(quick, *wanted)
    taken = list(quick.taken(1))
    assert sizes(taken) == [1] * 9
    for group in taken:
        quick.over(group)
    add(quick, *messages(2 * MOST))
    assert sizes(list(quick.taken(1))) == [MOST, 4]  # they took nothing of what short ones have


def test_without_workers_all_go_so_that_parsl_sees_how_many_are_wanted(quick: Groups) -> None:
    add(quick, *messages(3 * MOST))
    assert sizes(list(quick.taken(0))) == [1] * 3 * MOST


def test_a_group_is_of_one_kind_and_kinds_take_turns(quick: Groups) -> None:
    quick.learn("b", 0.001)
    add(quick, *messages(5 * MOST), *messages(MOST, server="b"))
    taken = list(quick.taken(2))
    assert [{m["server"] for m in group.messages} for group in taken] == [
        {"a"},
        {"b"},
        {"a"},
        {"a"},
    ]
    assert [m["order"]["n"] for m in taken[1].messages] == [*range(MOST)]


def test_a_task_is_no_longer_than_it_may_be_and_a_slow_one_counts_for_long(quick: Groups) -> None:
    def of_many() -> list[int]:
        add(quick, *messages(4 * MOST))
        taken = list(quick.taken(1))
        for group in taken:
            quick.over(group)
        left = len([message for group in quick.taken(0) for message in group.messages])
        assert left + sum(sizes(taken)) == 4 * MOST
        return sizes(taken)

    quick.learn("a", TASK_S / 2)
    assert of_many() == [2, 2]
    quick.learn("a", 2 * TASK_S)
    assert of_many() == [1, 1]  # who waits behind a single slow one may still find company
    quick.learn("a", 8 * TASK_S)
    assert of_many() == [1] * 4 * MOST
    for _ in range(4):
        quick.learn("a", 0.001)
    assert of_many() == [2, 2]
