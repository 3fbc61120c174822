"""Limits kept: each is told with the limit, what there is, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from park.errors import NoRoom, OverLimit, TooFast, TooManyAtOnce
from park.model.ids import JobId
from park_server.quotas.disk_use import DiskUse
from park_server.quotas.limits import NO_LIMITS, Allowance, GroupShare, Limits
from park_server.quotas.quotas import Quotas

LAB = frozenset({"ada", "bob"})


class Desk:
    """Quotas that a test changes as it goes."""

    def __init__(self, *, together: Limits = NO_LIMITS, **own: float) -> None:
        self.own = Limits(**own)
        self.together = together
        self.on_disk = {"ada": 600, "bob": 300}
        disk = DiskUse(lambda user: {"files": self.on_disk.get(user, 0)}, lambda: 0.0)
        self.quotas = Quotas(self.allowance_of, disk, lambda: 0.0)

    def allowance_of(self, user: str) -> Allowance:
        groups = (GroupShare(group="lab", limits=self.together, members=LAB),)
        return Allowance(own=self.own, together=groups if user in LAB else ())


def ids(*names: str) -> list[JobId]:
    return [JobId(name) for name in names]


def test_one_request_too_many_is_told_when_to_ask_again() -> None:
    quotas = Desk(requests=0.2).quotas
    quotas.ask("ada")
    with pytest.raises(TooFast, match=r"ada asks more than 0\.2 times a second") as refused:
        quotas.ask("ada")
    assert refused.value.details == {"limit": 0.2, "retry_after_s": 5.0}
    assert refused.value.http_status == 429
    assert refused.value.hint is not None
    assert "ask again in 5.0 s" in refused.value.hint


def test_without_a_limit_nothing_is_counted() -> None:
    quotas = Desk().quotas
    for _ in range(100_000):
        quotas.ask("ada")
    quotas.check_batch("ada", 10**6)
    assert quotas.why_held("ada") is None


def test_too_many_jobs_in_one_request_are_refused() -> None:
    quotas = Desk(batch=1_000).quotas
    quotas.check_batch("ada", 1_000)
    with pytest.raises(TooManyAtOnce, match="1,001 jobs in one request, and 1,000 are") as refused:
        quotas.check_batch("ada", 1_001)
    assert refused.value.http_status == 413


def test_jobs_beyond_what_may_wait_are_refused_all_or_none() -> None:
    quotas = Desk(waiting=3).quotas
    assert quotas.reserve("ada", ids("a", "b")) == ["a", "b"]
    with pytest.raises(OverLimit, match="ada has 2 of 3 jobs waiting that may, and 2 more") as no:
        quotas.reserve("ada", ids("c", "d"))
    assert no.value.details == {"limit": 3, "used": 2, "asked": 2}
    assert no.value.http_status == 429
    assert no.value.hint is not None
    assert "park cancel" in no.value.hint
    assert quotas.reserve("ada", ids("a", "b", "c")) == ["c"]  # a retry counts once
    assert quotas.reserve("ada", ids("a")) == []  # even at the limit
    assert quotas.reserve("eve", ids("e")) == ["e"]
    quotas.tally.started("ada", JobId("a"))
    assert quotas.reserve("ada", ids("d")) == ["d"]


@pytest.mark.parametrize(("name", "what"), [("running", "jobs running"), ("cores", "cores")])
def test_no_further_job_starts_while_enough_run(name: str, what: str) -> None:
    desk = Desk()
    desk.own, quotas = replace(desk.own, **{name: 2.0}), desk.quotas
    for job in ids("a", "b"):
        assert quotas.may_start("ada")
        quotas.tally.started("ada", job)
    assert quotas.why_held("ada") == f"ada has 2 of 2 {what} that may be taken"
    assert quotas.may_start("bob")
    quotas.tally.stopped(JobId("a"))
    assert quotas.may_start("ada")


def test_the_members_of_a_group_share_a_limit() -> None:
    quotas = Desk(together=Limits(running=2, waiting=2)).quotas
    quotas.tally.started("ada", JobId("a"))
    quotas.tally.started("bob", JobId("b"))
    assert quotas.why_held("ada") == "the group lab has 2 of 2 jobs running that may be taken"
    assert quotas.may_start("eve")
    assert quotas.fellows("ada") == LAB
    assert quotas.fellows("eve") == {"eve"}
    quotas.reserve("ada", ids("c", "d"))
    with pytest.raises(OverLimit, match="the group lab has 2 of 2 jobs waiting"):
        quotas.reserve("bob", ids("e"))


async def chunks(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield bytes(size)


def sent(desk: Desk, user: str, *sizes: int) -> int:
    async def test() -> int:
        return sum([len(chunk) async for chunk in desk.quotas.within(user, chunks(*sizes))])

    return asyncio.run(test())


def test_what_fits_is_taken_and_counted() -> None:
    desk = Desk(disk=1_000)
    assert sent(desk, "ada", 100, 200) == 300
    assert sent(desk, "ada", 100) == 100
    with pytest.raises(NoRoom, match="ada has 1000 B of 1000 B on the disk"):
        sent(desk, "ada", 1)


def test_what_jobs_and_grants_say_counts_at_once() -> None:
    """A measurement is good for half a minute, in which much is said."""
    desk = Desk(disk=1_000)

    async def said() -> None:
        await desk.quotas.take("ada", 100)
        async with desk.quotas.admission("ada", ids("a"), size=250):
            pass
        with pytest.raises(NoRoom, match="ada has 950 B of 1000 B on the disk"):
            await desk.quotas.take("ada", 51)
        with pytest.raises(NoRoom, match="and 51 B more were sent"):
            async with desk.quotas.admission("ada", ids("b"), size=51):
                pytest.fail("they are written")

    asyncio.run(said())


def test_what_does_not_fit_is_refused_while_it_comes() -> None:
    desk = Desk(disk=1_000)
    with pytest.raises(NoRoom, match=r"ada has 600 B of 1000 B .* and 500 B more were") as refused:
        sent(desk, "ada", 300, 200, 10**9)
    assert refused.value.http_status == 507
    assert refused.value.details == {"limit": 1_000, "used": 600, "asked": 500}
    with pytest.raises(TooManyAtOnce) as never:
        sent(desk, "ada", 1_001)
    assert never.value.http_status == 413


@pytest.mark.parametrize("user", ["ada", "bob"])
def test_what_comes_at_the_same_time_counts_while_it_comes(user: str) -> None:
    desk = Desk(together=Limits(disk=1_300))

    async def test() -> None:
        first = desk.quotas.within("ada", chunks(100, 200))
        assert [len(await anext(first)), len(await anext(first))] == [100, 200]
        second = desk.quotas.within(user, chunks(100, 50))
        assert len(await anext(second)) == 100
        with pytest.raises(NoRoom, match=r"has 1\.2 KiB of 1\.3 KiB on the disk, and 150 B"):
            await anext(second)
        await first.aclose()  # given up: it is not here
        assert await desk.quotas.require_room(user) == 400
        again = [len(chunk) async for chunk in desk.quotas.within(user, chunks(400))]
        assert again == [400]

    asyncio.run(test())


def test_the_room_of_a_group_is_that_of_its_members() -> None:
    desk = Desk(together=Limits(disk=950))
    with pytest.raises(NoRoom, match="the group lab has 900 B of 950 B"):
        sent(desk, "bob", 51)
    assert sent(desk, "eve", 51) == 51


def test_what_is_told_of_it() -> None:
    desk = Desk(running=4, disk=1_000, batch=10, share=2, together=Limits(running=8))
    desk.quotas.tally.started("bob", JobId("b"))

    async def test() -> Any:
        return await desk.quotas.record("ada")

    record = asyncio.run(test())
    told = [(each.name, each.used, each.limit, each.group) for each in record.limits]
    assert told == [
        ("waiting", 0, None, None),
        ("running", 0, 4, None),
        ("running", 1, 8, "lab"),
        ("cores", 0, None, None),
        ("disk", 600, 1_000, None),
    ]
    assert (record.disk, record.share, record.jobs_in_a_request) == ({"files": 600}, 2, 10)
