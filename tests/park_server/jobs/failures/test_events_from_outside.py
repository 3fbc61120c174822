"""Whatever raises while something outside is settled: what waits for it starts, or ends."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.faults.injection import faults
from support.labs.schedule_lab import Lab, lab, run
from support.session.limits import LIMIT_S
from support.session.slow_cases import slow_after

from park.model.conditions import At, Comparison, JobIs, Literal, Phase, any_of
from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.states import InstallState
from park.model.truth import TRUE
from park_server.jobs.seams import NoPeers

ELSEWHERE = "https://sns.example.org/park"
FAR = JobIs(job="far", phase=Phase.COMPLETED, service=ELSEWHERE)
WAITING = ["leaf", "odd", "staged", "lost", "installed", "reported", "moment"]
STEPS = [
    ("commits", "write"),
    ("commits", "settle"),
    ("commits", "publish"),
    ("database", "awrite"),
    ("settlement", "leaf_decided"),
    ("settlement", "staged"),
    ("settlement", "cannot_stage"),
    ("settlement", "install_ended"),
    ("settlement", "progressed"),
    ("settlement", "look"),
]


async def submitted(here: Lab) -> None:
    """Submit a job that runs, and others that wait for what happens elsewhere."""
    far = Reference(job="far", what=What.VALUE, service=ELSEWHERE)
    progress = Reference(job="runs", what=What.PROGRESS).item("chisq")
    await here.install("late", InstallState.RESOLVING)
    await here.submit("runs")
    await here.submit("leaf", when=FAR)
    await here.submit("odd", when=any_of([FAR, JobIs(job="runs", phase=Phase.FAILED)]))
    await here.submit("staged", far)
    await here.submit("lost", far)
    await here.submit("installed", install="late")
    below = Comparison(left=progress, operator="<", right=Literal(value=1.0))
    await here.submit("reported", when=below)
    soon = datetime.now(UTC) + timedelta(seconds=0.1)
    await here.submit("moment", when=At(moment=soon))


async def happens(here: Lab) -> None:
    """Let all of that happen."""
    for job in ("leaf", "odd", "staged", "lost"):
        await here.events.leaf_decided(JobId(job), 0, TRUE)
    await here.events.staged(JobId("staged"))
    await here.events.cannot_stage(JobId("lost"), "404 for run.refl")
    await here.install("late", InstallState.READY)
    line = json.dumps({"done": None, "total": None, "values": {"chisq": 0.5}}) + "\n"
    (here.folders.path_of(JobId("runs")) / "progress.jsonl").write_text(line)
    here.events.reported(JobId("runs"))


async def completing(here: Lab) -> None:
    """Let everything complete that starts, but for the job that reports."""
    while True:
        order = await here.engine.orders.get()
        if order.job_id != "runs":
            here.complete(order)


@pytest.mark.parametrize("after", slow_after(1, [False, True]), ids=["before", "after"])
@pytest.mark.parametrize("step", slow_after(3, STEPS), ids=".".join)
def test_an_exception_at_any_step_leaves_nothing_waiting(
    tmp_path: Path, step: tuple[str, str], *, after: bool
) -> None:
    async def test() -> None:
        for root, fault in faults(tmp_path, after=after):
            async with lab(root, slots=8, peers=NoPeers()) as here:
                await submitted(here)
                finishing = asyncio.create_task(completing(here))
                await here.until("runs", lambda record: record.status == "running")
                with fault.at_step(here, step):
                    async with asyncio.timeout(LIMIT_S):
                        await happens(here)
                        for job in WAITING:
                            await here.final(job)
                finishing.cancel()

    run(test)
