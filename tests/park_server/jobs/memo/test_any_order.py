"""Whatever happens in whatever order, one call runs at most once at a time, and all jobs end."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.labs.schedule_lab import USER, Lab, lab, run
from support.session.limits import LIMIT_S

from park.model.ids import JobId
from park_server.jobs import job_rows
from park_server.jobs.memo.outside_looks import Looks
from park_server.jobs.memo.recall import Recall

if TYPE_CHECKING:
    from park.wire import JobRecord
    from park_server.jobs.engines.engine import StartOrder

CALLS = 2

_STEP = st.one_of(
    st.tuples(st.just("submit"), st.integers(0, CALLS - 1)),
    st.tuples(st.sampled_from(["complete", "fail", "cancel"]), st.integers(0, 9)),
)


class World:
    """Jobs of a few calls, and which attempts run."""

    def __init__(self, here: Lab) -> None:
        self.here = here
        self.calls: dict[str, int] = {}
        self.running: list[StartOrder] = []
        self.cancelling: list[asyncio.Task[object]] = []
        self.results: dict[str, int] = {}

    async def do(self, what: str, number: int) -> None:
        """Do one step, and look at what has to hold."""
        if what == "submit":
            name = f"job-{len(self.calls)}"
            self.calls[name] = number
            await self.here.submit(name, arguments={"n": number})
        elif what == "cancel" and self.calls:
            job = JobId(list(self.calls)[number % len(self.calls)])
            cancel = self.here.scheduler.cancel(job, USER)
            self.cancelling.append(asyncio.ensure_future(cancel))
        elif what in {"complete", "fail"}:
            await self.end(number, fails=what == "fail")
        await self.settle()

    async def end(self, number: int, *, fails: bool) -> None:
        """Let a run end."""
        if not self.running:
            return
        order = self.running.pop(number % len(self.running))
        if fails:
            self.here.fail(order)
        else:
            self.results[order.job_id] = len(self.results)
            self.here.complete(order, self.results[order.job_id])

    async def settle(self) -> None:
        """Take what was started, and end what is being cancelled."""
        for _ in range(3):
            await self.here.in_the_meantime()
            while not self.here.engine.orders.empty():
                self.running.append(self.here.engine.orders.get_nowait())
            while not self.here.engine.cancelled.empty():
                job = self.here.engine.cancelled.get_nowait()
                for order in [each for each in self.running if each.job_id == job]:
                    self.running.remove(order)
                    self.here.end(order)
        under_way = Counter(self.calls[order.job_id] for order in self.running)
        assert all(count == 1 for count in under_way.values()), under_way

    async def finish(self) -> None:
        """Let everything end, and look at what each job has."""
        async with asyncio.timeout(LIMIT_S):
            while not all(state in FINAL for state in self.here.status(*self.calls)):
                await self.end(0, fails=False)
                await self.settle()
            await asyncio.gather(*self.cancelling)
        for name in self.calls:
            record = self.here.scheduler.record(JobId(name), USER)
            if record.status == "completed":
                run = name
                while (source := self.record(run).memoized_from) is not None:
                    run = source
                left: Any = self.here.database.read(partial(job_rows.result_of, job=JobId(name)))
                assert left == self.results[run]
                assert self.calls[run] == self.calls[name]

    def record(self, job: str) -> JobRecord:
        return self.here.scheduler.record(JobId(job), USER)


FINAL = {"completed", "failed", "cancelled"}


@settings(max_examples=25, deadline=None)
@given(st.lists(_STEP, max_size=14))
def test_one_call_runs_once_at_a_time_and_every_job_ends(steps: list[tuple[str, int]]) -> None:
    async def test() -> None:
        memory = Recall(Looks(), runtime_hash="ef")
        with tempfile.TemporaryDirectory() as folder:
            async with lab(Path(folder), memory=memory, slots=9) as here:
                world = World(here)
                for what, number in steps:
                    await world.do(what, number)
                await world.finish()

    run(test)
