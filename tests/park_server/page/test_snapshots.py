"""Views that viewers share: made once for all, seldom, and never stale for good."""

from __future__ import annotations

import asyncio
import threading

import pytest

from park_server.page.snapshots import (
    ANSWER_S,
    PAUSE_S,
    SHARE,
    SHARE_OF_ANSWERS,
    SHARE_OF_LONG,
    TURN_S,
    Snapshots,
    pause_s,
)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_ten_viewers_cost_one_view() -> None:
    go, made = threading.Event(), 0

    def make() -> int:
        nonlocal made
        made += 1
        go.wait(60)
        return made

    async def look() -> list[tuple[int, float]]:
        views = Snapshots()
        asked = [asyncio.ensure_future(views.get("k", make)) for _ in range(10)]
        await asyncio.sleep(0)
        go.set()
        return await asyncio.gather(*asked)

    found = asyncio.run(look())
    assert made == 1
    assert found[0] == (1, 0.0)
    assert {value for value, _ in found} == {1}
    assert all(again == PAUSE_S for _, again in found[1:])  # it had begun before they asked


def test_a_view_is_kept_for_a_moment_and_says_when_to_ask_again() -> None:
    clock = Clock()
    numbers = iter(range(10))

    async def look() -> None:
        views = Snapshots(clock)
        assert await views.get("k", lambda: next(numbers)) == (0, 0.0)
        clock.now += PAUSE_S / 2
        value, again = await views.get("k", lambda: next(numbers))
        assert value == 0
        assert again == pytest.approx(PAUSE_S / 2)
        clock.now += again
        assert await views.get("k", lambda: next(numbers)) == (1, 0.0)
        assert (await views.get("other", lambda: next(numbers)))[0] == 2

    asyncio.run(look())


@pytest.mark.parametrize(("took", "share"), [(0.05, SHARE), (3.0, SHARE_OF_LONG)])
def test_what_takes_long_is_made_the_more_seldom(took: float, share: int) -> None:
    clock = Clock()

    def slow() -> str:
        clock.now += took
        return "seen"

    async def look() -> None:
        views = Snapshots(clock, clock)
        await views.get("k", slow)
        value, again = await views.get("k", slow)
        assert value == "seen"
        assert again == pytest.approx(took * share)

    asyncio.run(look())


def test_what_fails_is_told_and_tried_again() -> None:
    def fail() -> None:
        raise ValueError("once")

    async def look() -> None:
        views = Snapshots()
        with pytest.raises(ValueError, match="once"):
            await views.get("k", fail)
        assert await views.get("k", lambda: 1) == (1, 0.0)

    asyncio.run(look())


def test_it_says_how_long_nothing_newer_is_told() -> None:
    clock = Clock()

    async def look() -> None:
        views = Snapshots(clock)
        assert views.fresh_s("k") == 0.0
        await views.get("k", lambda: 1)
        assert views.fresh_s("k") == pytest.approx(PAUSE_S)
        clock.now += PAUSE_S * 2
        assert views.fresh_s("k") == 0.0

    asyncio.run(look())


def test_many_who_look_are_told_less_often_so_that_they_cost_no_more() -> None:
    assert pause_s(0.0, 1) == PAUSE_S
    assert pause_s(0.0, 50) == pytest.approx(50 * ANSWER_S * SHARE_OF_ANSWERS)
    clock = Clock()

    async def look() -> None:
        views = Snapshots(clock)
        for _ in range(50):
            await views.get("k", lambda: 1)
        assert views.fresh_s("k") == pytest.approx(PAUSE_S)  # the first of them knew of no other
        clock.now += PAUSE_S
        await views.get("k", lambda: 1)
        assert views.fresh_s("k") == pytest.approx(pause_s(0.0, 50))

    asyncio.run(look())


def test_those_who_look_at_once_come_one_after_the_other_the_next_time() -> None:
    clock = Clock()

    async def look() -> list[float]:
        views = Snapshots(clock)
        turns = []
        for _ in range(4):
            turns.append(views.turn_s("k"))
            await views.get("k", lambda: 1)
        clock.now += PAUSE_S
        turns.append(views.turn_s("k"))  # it is made anew for whoever asks then
        return turns

    assert asyncio.run(look()) == [0.0, *(pytest.approx(TURN_S * n) for n in (1, 2, 3)), 0.0]
    assert pause_s(0.0, 10) / 2 >= 10 * TURN_S


def test_nor_do_those_who_wait_for_the_same_view() -> None:
    go = threading.Event()

    async def look() -> list[float]:
        views = Snapshots()
        turns, asked = [], []
        for _ in range(3):
            turns.append(views.turn_s("k"))
            asked.append(asyncio.ensure_future(views.get("k", lambda: go.wait(60))))
            await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*asked)
        return turns

    assert asyncio.run(look()) == [0.0, pytest.approx(TURN_S), pytest.approx(2 * TURN_S)]
