"""Leaves of conditions are followed on another service, whatever happens to it meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from unittest.mock import patch

import httpx2
from support.session.limits import LIMIT_S
from support.stand_ins.elsewhere import URL, Elsewhere, leaf

from park.model.ids import JobId
from park.model.truth import Truth, Verdict
from park_server.peers.follower import Follower, Key
from park_server.peers.lent import Lent
from park_server.peers.link import Followed, Link

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Told:
    """What a follower tells."""

    def __init__(self) -> None:
        self.verdicts: dict[Key, Verdict] = {}
        self.times = 0
        self._news = asyncio.Event()

    async def __call__(self, key: Key, verdict: Verdict) -> None:
        self.verdicts[key] = verdict
        self.times += 1
        self._news.set()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not done():
                self._news.clear()
                await self._news.wait()

    async def count(self, number: int) -> None:
        await self.until(lambda: len(self.verdicts) >= number)


def follow(
    scenario: Callable[[Elsewhere, Follower, Told, Link], Awaitable[None]],
    elsewhere: Elsewhere | None = None,
    heard: Callable[[], None] = lambda: None,
) -> None:
    async def run() -> None:
        other = elsewhere or Elsewhere()
        told = Told()
        async with other.client() as client:
            link = Link(URL, client, str)
            follower = Follower(link, told, heard)
            try:
                await scenario(other, follower, told, link)
            finally:
                await follower.stop()
                await link.stop()

    asyncio.run(run())


def leaves(*jobs: str, token: str | None = None) -> dict[Key, Followed]:
    token = token or "good"
    return {(JobId(job), 0): Followed(leaf(job), Lent(token)) for job in jobs}


def test_what_is_decided_is_told_and_the_rest_goes_on() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, _: Link) -> None:
        follower.add(leaves("a", "b", "c"))
        await other.until_asked("POST", "/follow", 1)
        other.say("b")
        await told.count(1)
        assert told.verdicts == {("b", 0): Verdict(Truth.TRUE)}
        await other.until_asked("POST", "/follow", 2)
        other.say("a", Truth.NEVER, "it failed")
        await told.count(2)
        assert told.verdicts[JobId("a"), 0] == Verdict(Truth.NEVER, "it failed")
        assert told.times == 2

    follow(scenario)


def test_what_is_said_of_the_undecided_is_known_after_a_short_poll() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, _: Link) -> None:
        other.going["a"] = "job …a (lab:reduce) is running"
        follower.add(leaves("a"))
        await other.until_asked("POST", "/follow", 2)
        assert follower.said((JobId("a"), 0)) == "job …a (lab:reduce) is running"
        assert other.waits == [1.0, 30.0]
        other.say("a")
        await told.count(1)
        assert follower.said((JobId("a"), 0)) == ""
        assert told.verdicts[JobId("a"), 0] == Verdict(Truth.TRUE, other.going["a"])

    follow(scenario)


def test_who_shows_it_hears_when_something_else_is_said_of_the_undecided() -> None:
    heard: list[str] = []

    async def scenario(other: Elsewhere, follower: Follower, _told: Told, _: Link) -> None:
        other.going["a"] = "job …a (lab:reduce) is queued"
        follower.add(leaves("a", "quiet"))
        await other.until_asked("POST", "/follow", 2)
        assert heard == [""]
        follower.add(leaves("newcomer"))  # they are asked about together, and nothing else is said
        await other.until_asked("POST", "/follow", 4)
        assert heard == [""]

    follow(scenario, heard=lambda: heard.append(""))


def test_a_bounced_grant_has_one_poll_for_each_pass() -> None:
    """A person may have to confirm each."""

    async def scenario(_: Elsewhere, follower: Follower, _told: Told, link: Link) -> None:
        waits: asyncio.Queue[float] = asyncio.Queue()

        async def asked(_leaves: object, wait_s: float) -> list[Verdict]:
            await waits.put(wait_s)
            return await asyncio.Future()

        lent = Lent("shipped", bounced="g", user="ada", job="a")
        with patch.object(link, "follow", asked):
            follower.add({(JobId("a"), 0): Followed(leaf("a"), lent)})
            assert await asyncio.wait_for(waits.get(), LIMIT_S) == 30.0
            await follower.stop()

    follow(scenario)


def test_newcomers_do_not_wait_for_the_long_poll() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, _: Link) -> None:
        follower.add(leaves("a"))
        await other.until_asked("POST", "/follow", 1)
        other.verdicts["b"] = (str(Truth.TRUE), "")  # nobody is woken by that
        began = asyncio.get_running_loop().time()
        follower.add(leaves("b"))
        await told.count(1)
        assert asyncio.get_running_loop().time() - began < 1.0

    follow(scenario)


def test_a_burst_of_leaves_takes_few_requests_each_of_some_hundred() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, _: Link) -> None:
        jobs = [f"j{n}" for n in range(1200)]
        for job in jobs:
            follower.add(leaves(job))
        await other.until_asked("POST", "/follow", 3)
        for job in jobs:
            other.say(job)
        await told.count(1200)
        assert told.times == 1200
        assert other.asked("POST", "/follow") < 12

    follow(scenario)


def test_leaves_that_are_decided_one_by_one_are_each_told_once() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, _: Link) -> None:
        jobs = [f"j{n}" for n in range(700)]
        follower.add(leaves(*jobs))
        await other.until_asked("POST", "/follow", 2)
        for number, job in enumerate(jobs):
            other.say(job)
            if number % 50 == 0:
                await told.until(lambda: told.times > number)  # noqa: B023 (called at once)
        await told.count(700)
        assert told.times == 700

    follow(scenario)


def test_a_leaf_that_is_refused_takes_no_other_with_it() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, _: Link) -> None:
        other.refused = {"j3"}
        follower.add(leaves(*(f"j{n}" for n in range(9))))
        await told.count(1)
        assert told.verdicts == {
            ("j3", 0): Verdict(Truth.NEVER, "elsewhere.example: no job j3 on this service")
        }
        for n in range(9):
            other.say(f"j{n}")
        await told.count(9)
        assert told.times == 9

    follow(scenario)


def test_a_grant_that_expired_ends_only_what_it_was_for() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, _: Link) -> None:
        other.say("c")
        follower.add(leaves("a", "b", token="old") | leaves("c"))
        await told.count(3)
        assert told.verdicts[JobId("a"), 0] == Verdict(
            Truth.NEVER, "elsewhere.example: the grant old expired"
        )
        assert told.verdicts[JobId("b"), 0] == told.verdicts[JobId("a"), 0]
        assert told.verdicts[JobId("c"), 0] == Verdict(Truth.TRUE)

    follow(scenario)


def test_a_service_that_was_down_is_asked_until_it_answers() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, link: Link) -> None:
        follower.add(leaves("a"))
        await other.until_asked("POST", "/follow", 1)
        other.fall_silent()
        await other.until_asked("GET", "", 4)
        assert link.remark.startswith("elsewhere.example has not answered since 2")
        assert link.remark.endswith("UTC: connection refused")
        other.verdicts["a"] = (str(Truth.TRUE), "")
        began = asyncio.get_running_loop().time()
        other.come_back()
        await told.count(1)
        assert asyncio.get_running_loop().time() - began < 1.0
        assert link.remark == ""

    follow(scenario)


def test_one_probe_asks_for_all_that_wait() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, _: Link) -> None:
        other.is_up = False
        follower.add(leaves(*(f"j{n}" for n in range(5000))))  # ten long polls
        await other.until_asked("GET", "", 4)
        assert other.asked("POST", "/follow") <= 10
        other.come_back()
        for n in range(5000):
            other.say(f"j{n}")
        await told.count(5000)

    follow(scenario)


def test_what_is_no_park_service_is_asked_again_and_said_so() -> None:
    other = Elsewhere(answer=lambda _: httpx2.Response(404, text="nginx"))

    async def scenario(_other: Elsewhere, follower: Follower, told: Told, link: Link) -> None:
        follower.add(leaves("a"))
        await other.until_asked("GET", "")
        assert link.remark.endswith("404, not from a park service")
        other.say("a")
        other.answer = None
        await told.count(1)

    follow(scenario, other)


def test_a_service_that_answers_at_once_with_nothing_is_not_hammered() -> None:
    undecided = httpx2.Response(200, json=[{"truth": "not-yet", "why": ""}])
    other = Elsewhere(answer=lambda _: undecided)

    async def scenario(_other: Elsewhere, follower: Follower, _: Told, __: Link) -> None:
        began = asyncio.get_running_loop().time()
        follower.add(leaves("a"))
        await other.until_asked("POST", "/follow", 4)
        assert asyncio.get_running_loop().time() - began > 0.25

    follow(scenario, other)


def test_what_is_dropped_is_asked_no_more() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, _: Link) -> None:
        follower.add(leaves("a", "b"))
        await other.until_asked("POST", "/follow", 1)
        follower.drop([(JobId("a"), 0)])
        await other.until_asked("POST", "/follow", 2)
        assert b'"a"' not in other.requests[-1].content
        follower.drop([(JobId("b"), 0)])
        follower.add(leaves("c"))
        other.say("c")
        await told.count(1)
        assert told.verdicts == {("c", 0): Verdict(Truth.TRUE)}

    follow(scenario)


def test_what_a_verdict_sets_off_may_drop_the_rest() -> None:
    async def scenario(other: Elsewhere, _: Follower, told: Told, link: Link) -> None:
        async def decided(key: Key, verdict: Verdict) -> None:
            eager.drop([(JobId("a"), 0), (JobId("b"), 0), (JobId("c"), 0)])
            await told(key, verdict)

        eager = Follower(link, decided)
        eager.add(leaves("a", "b", "c"))
        await other.until_asked("POST", "/follow", 1)
        other.say("a")
        await told.count(1)
        eager.add(leaves("d"))
        other.say("d")
        await told.count(2)
        assert set(told.verdicts) == {("a", 0), ("d", 0)}
        await eager.stop()

    follow(scenario)


def test_a_leaf_that_cannot_be_asked_for_is_the_end_of_its_own_job_alone() -> None:
    async def scenario(other: Elsewhere, follower: Follower, told: Told, _: Link) -> None:
        odd = {(JobId("odd"), 0): Followed({"compare": float("nan")}, Lent("good"))}
        follower.add(leaves("a", "b") | odd)
        await told.count(1)
        assert told.verdicts[JobId("odd"), 0].truth is Truth.NEVER
        assert "the service failed to ask for it" in told.verdicts[JobId("odd"), 0].why
        other.say("a")
        other.say("b")
        await told.count(3)

    follow(scenario)
