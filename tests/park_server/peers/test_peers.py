"""Leaves elsewhere are followed as long as somebody waits, and grants are given back once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.labs.peer_lab import NO_GRANT, Lab, run, to
from support.stand_ins.elsewhere import URL

from park.model.ids import JobId
from park.model.references import What
from park.model.truth import Truth, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_leaves_are_followed_with_the_grants_of_their_jobs(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        lab.job("one")
        lab.leaf("one", "a", service="http://Elsewhere.example:80/park")
        lab.job("two", token=NO_GRANT)
        lab.leaf("two", "a")
        lab.job("three")
        lab.leaf("three", "a", service="ftp://elsewhere.example")
        for job in ("one", "two", "three"):
            lab.peers.follow(JobId(job))
        lab.other.say("a")
        await lab.listener.count(3)
        assert lab.listener.decided == {
            ("one", 0): Verdict(Truth.TRUE),
            ("two", 0): Verdict(Truth.NEVER, f"no grant of {URL} came with the job"),
            ("three", 0): Verdict(
                Truth.NEVER, "not the URL of a service: 'ftp://elsewhere.example'"
            ),
        }

    run(tmp_path, scenario)


def test_a_grant_is_given_back_when_the_last_job_with_it_has_ended(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        for job in ("one", "two"):
            lab.job(job)
        lab.peers.release(JobId("one"))
        await lab.peers._tasks.finish()
        assert (lab.held(), lab.other.asked("DELETE", "/grant")) == (["two"], 0)
        lab.peers.release(JobId("two"))
        lab.peers.release(JobId("two"))
        await lab.peers._tasks.finish()
        assert (lab.held(), lab.other.asked("DELETE", "/grant")) == ([], 1)
        assert lab.other.tokens == set()

    run(tmp_path, scenario)


def test_of_jobs_that_end_together_exactly_one_gives_the_grant_back(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        jobs = [f"j{n}" for n in range(20)]
        for job in jobs:
            lab.job(job)
        for job in jobs:
            lab.peers.release(JobId(job))
        await lab.peers._tasks.finish()
        assert (lab.held(), lab.other.asked("DELETE", "/grant")) == ([], 1)

    run(tmp_path, scenario)


def test_a_grant_that_cannot_be_given_back_is_kept_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(lab: Lab) -> None:
        lab.job("one")
        lab.other.is_up = False
        lab.peers.release(JobId("one"))
        await lab.other.until_asked("DELETE", "/grant")
        await lab.peers.stop()
        assert lab.held() == ["one"]
        monkeypatch.setattr("park_server.peers.peers._GIVE_BACK_PAUSES_S", (0.01, 0.01))
        lab.begin()
        lab.peers.release(JobId("one"))
        await lab.peers._tasks.finish()
        assert lab.held() == []  # left to expire

    run(tmp_path, scenario)


def test_what_is_released_is_followed_and_staged_no_more(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        lab.other.is_up = False
        lab.job("one", to("r", What.VALUE))
        lab.leaf("one", "a")
        lab.peers.follow(JobId("one"))
        lab.peers.stage(JobId("one"))
        await lab.other.until_asked("GET", "")
        assert lab.peers.remark(JobId("one"))
        lab.peers.release(JobId("one"))
        lab.other.come_back()
        lab.other.say("a")
        lab.other.results["r"] = 1
        await lab.peers._tasks.finish()
        lab.job("two")
        lab.leaf("two", "a")
        lab.other.tokens.add("good")
        lab.peers.follow(JobId("two"))
        await lab.listener.count(1)
        assert list(lab.listener.decided) == [("two", 0)]

    run(tmp_path, scenario)
