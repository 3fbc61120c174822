"""Leaves of conditions are answered when what they speak of changes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.labs.schedule_lab import USER, Lab, lab, run
from support.session.limits import LIMIT_S

from park.model.conditions import At, Comparison, JobIs, Literal, Phase, Pool
from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.truth import Truth
from park_server.jobs.leaf_polls import Asked


async def follow(here: Lab, *leaves: Any, wait_s: float = LIMIT_S) -> list[Truth]:
    asked = [Asked(leaf=leaf, user=USER) for leaf in leaves]
    return [each.truth for each in await here.leaf_polls.follow(asked, wait_s)]


def test_followed_leaves_are_answered_when_one_is_decided(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2, pools={"licence": 1}) as here:
            await here.submit("a")
            await here.submit("b", when=Pool(name="licence", count=1))
            a, b = await here.started(), await here.started()
            done = JobIs(job="a", phase=Phase.FINISHED)
            failed = JobIs(job="a", phase=Phase.FAILED)
            assert await follow(here, done, failed, wait_s=0) == [Truth.NOT_YET] * 2
            pool = asyncio.create_task(follow(here, Pool(name="licence", count=1)))
            both = asyncio.create_task(follow(here, done, failed))
            await here.in_the_meantime()
            orders = {a.job_id: a, b.job_id: b}
            here.complete(orders[JobId("a")])
            assert await both == [Truth.TRUE, Truth.NEVER]
            assert not pool.done()
            here.complete(orders[JobId("b")])
            assert await pool == [Truth.TRUE]

    run(test)


def test_starts_progress_and_moments_are_followed(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("blocker")
            await here.submit("a")
            started = asyncio.create_task(follow(here, JobIs(job="a", phase=Phase.STARTED)))
            chisq = Reference(job="a", what=What.PROGRESS).item("chisq")
            good = Comparison(left=chisq, operator="<", right=Literal(value=2))
            progressed = asyncio.create_task(follow(here, good))
            await here.run_next()
            assert await started == [Truth.TRUE]
            order = await here.started()
            (order.directory / "progress.jsonl").write_text('{"values": {"chisq": 1}}\n')
            assert await progressed == [Truth.TRUE]
            soon = At(moment=datetime.now(UTC) + timedelta(seconds=0.05))
            assert await follow(here, soon) == [Truth.TRUE]

    run(test)


def test_who_may_not_see_is_told_never(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            leaf = JobIs(job="a", phase=Phase.FINISHED)
            asked = [Asked(leaf=leaf, user="bob"), Asked(leaf=leaf, user="", refused="it expired")]
            found = await here.leaf_polls.follow(asked, 0)
            assert [(each.truth, each.why) for each in found] == [
                (Truth.NEVER, "no job a on this service"),
                (Truth.NEVER, "it expired"),
            ]

    run(test)


def test_a_stop_answers_whoever_follows(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            task = asyncio.create_task(follow(here, JobIs(job="a", phase=Phase.FINISHED)))
            await here.in_the_meantime()
            here.bus.wake_all()
            assert await asyncio.wait_for(task, LIMIT_S) == [Truth.NOT_YET]

    run(test)
