"""Calls side by side: in order, with their errors, told of, and left at once."""

from __future__ import annotations

import threading

import pytest
from support.session.limits import LIMIT_S

from park.side_by_side import side_by_side


def test_what_is_made_comes_in_order() -> None:
    last = threading.Event()

    def doubled(number: int) -> int:
        if number == 0:
            assert last.wait(LIMIT_S)
        if number == 9:
            last.set()
        return number * 2

    assert side_by_side(doubled, range(10), at_once=2) == [*range(0, 20, 2)]
    assert side_by_side(doubled, [], at_once=2) == []


def test_no_more_are_under_way_than_may_be() -> None:
    lock, counts, under_way = threading.Lock(), [], 0

    def counted(_: int) -> None:
        nonlocal under_way
        with lock:
            under_way += 1
            counts.append(under_way)
        with lock:
            under_way -= 1

    side_by_side(counted, range(50), at_once=3)
    assert max(counts) <= 3


def test_an_error_is_raised_at_once_and_the_rest_is_not_begun() -> None:
    go, begun = threading.Event(), []

    def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise LookupError
        assert go.wait(LIMIT_S)

    with pytest.raises(LookupError):
        side_by_side(work, range(100), at_once=2)
    go.set()
    assert len(begun) < 10


def test_one_that_lasts_is_told_of_and_the_end_as_well() -> None:
    go, heard = threading.Event(), []

    def told(done: int, total: int) -> None:
        heard.append((done, total))
        go.set()

    side_by_side(lambda _: go.wait(LIMIT_S), range(2), at_once=2, told=told, told_after_s=0.01)
    assert heard[0] == (0, 2)
    assert heard[-1] == (2, 2)


def test_what_is_quick_is_not_told_of() -> None:
    heard: list[object] = []
    side_by_side(abs, [1], at_once=1, told=lambda *said: heard.append(said), told_after_s=LIMIT_S)
    assert heard == []


def test_an_interrupt_waits_for_no_answer() -> None:
    go = threading.Event()

    def interrupted(_: int, __: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side(lambda _: go.wait(), [1], at_once=1, told=interrupted, told_after_s=0.01)
    threads = [each for each in threading.enumerate() if each.name == "park side by side"]
    assert all(each.daemon for each in threads)
    go.set()
