"""The limits of running jobs: on their time, and on how long they may say nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from support.session.limits import LIMIT_S

from park.model.ids import JobId
from park.wire import JobRequest
from park_server.jobs.engines.engine import Engine, ProcessorUse
from park_server.jobs.folder import JobFolders, Marks
from park_server.jobs.limits import run_limits
from park_server.jobs.limits.run_limits import Limits
from park_server.jobs.run import Run

SHORT_S = 0.2
LONG_S = 1e6


@dataclass
class Around:
    """The folder of a job, its engine, and what is done to it; ``reports`` grow by themselves."""

    grace_s: float = 0.0
    marked: Marks = field(default_factory=Marks)
    looks_with_news: int = 0
    is_forked: bool = True
    refusal: OSError | None = None
    done: list[str] = field(default_factory=list)
    size: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def marks(self, *_: Any) -> Marks:
        return self.marked

    def progress_size(self, _: JobId) -> int:
        if self.looks_with_news:
            self.looks_with_news -= 1
            self.size += 1
        return self.size

    def ask_to_stop(self, _: JobId) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.done.append("asked")
        self.asked.set()

    def processor_use(self, _: JobId) -> ProcessorUse:
        return ProcessorUse(cpu_s=0.5, is_forked=self.is_forked)

    def end(self, _: JobId) -> None:
        self.done.append("ended")
        self.ended.set()

    def limits(self) -> Limits:
        return Limits(
            folders=cast("JobFolders", self),
            engine=cast("Engine", self),
            end=self.end,
            grace_s=self.grace_s,
        )


def run_with(ago_s: float = 0.0, **options: Any) -> Run:
    call: dict[str, Any] = {"args": [], "kwargs": {}}
    request = JobRequest(id="a", entry_point="m:f", call=call, lock_hash="ab", **options)
    started = (datetime.now(UTC) - timedelta(seconds=ago_s)).isoformat()
    run = Run(job=request, user="ada", attempt=1, environment=Path("/e"), started=started)
    run.has_begun = True
    return run


async def until_ended(around: Around) -> list[str]:
    await asyncio.wait_for(around.ended.wait(), LIMIT_S)
    return around.done


def test_one_that_says_nothing_is_asked_to_stop_and_then_ended() -> None:
    async def test() -> None:
        around, run = Around(), run_with(stalled_after_s=SHORT_S)
        around.limits().watch(run)
        assert await until_ended(around) == ["asked", "ended"]
        assert (run.stalled_s, run.timed_out_s) == (SHORT_S, None)

    asyncio.run(test())


def test_each_report_gives_it_its_time_again() -> None:
    async def test() -> None:
        around, run = Around(looks_with_news=12), run_with(stalled_after_s=SHORT_S)
        loop = asyncio.get_running_loop()
        began = loop.time()
        around.limits().watch(run)
        await until_ended(around)
        assert around.looks_with_news == 0
        # each of the looks was a pause of its own, and the silence came after the last
        assert loop.time() - began > 2 * SHORT_S

    asyncio.run(test())


def test_one_that_cannot_be_asked_is_ended_at_once() -> None:
    async def test() -> None:
        around = Around(grace_s=LONG_S, refusal=OSError("the disk is full"))
        around.limits().watch(run_with(stalled_after_s=SHORT_S))
        assert await until_ended(around) == ["ended"]

    asyncio.run(test())


def test_one_that_stops_when_it_is_asked_to_is_not_ended_after_that() -> None:
    async def test() -> None:
        around, run = Around(grace_s=LONG_S), run_with(stalled_after_s=SHORT_S)
        around.limits().watch(run)
        await asyncio.wait_for(around.asked.wait(), LIMIT_S)
        run.stop_timers()  # as the dispatcher does when it has exited
        assert run.timers["reports"].cancelled()
        assert around.done == ["asked"]

    asyncio.run(test())


@pytest.mark.parametrize(("is_forked", "cpu_s"), [(True, 0.5), (False, None)])
def test_its_time_counts_from_its_start(*, is_forked: bool, cpu_s: float | None) -> None:
    async def test() -> None:
        around, run = Around(is_forked=is_forked), run_with(ago_s=LONG_S, timeout_s=LONG_S / 2)
        around.limits().watch(run)
        assert await until_ended(around) == ["ended"]
        assert (run.timed_out_s, run.forked_cpu_s, run.stalled_s) == (LONG_S / 2, cpu_s, None)

    asyncio.run(test())


@pytest.mark.parametrize(
    ("said", "limit"), [({}, SHORT_S), ({"stalled_after_s": SHORT_S * 2}, SHORT_S * 2)]
)
def test_what_the_submission_says_counts_before_what_the_callable_says(
    said: dict[str, float], limit: float
) -> None:
    async def test() -> None:
        around = Around(marked=Marks(timeout_s=LONG_S, stalled_after_s=SHORT_S))
        limits, run = around.limits(), run_with(**said)
        limits.watch(run)
        limits.watch_marked(run)
        limits.watch_marked(run)  # told again, by the folder and by the fork server
        assert run.timers.keys() == {"time", "reports"}
        await until_ended(around)
        assert run.stalled_s == limit
        run.stop_timers()

    asyncio.run(test())


def test_one_without_limits_is_not_watched() -> None:
    async def test() -> None:
        run = run_with()
        Around().limits().watch(run)
        assert run.timers == {}

    asyncio.run(test())


def not_begun(**options: Any) -> Run:
    run = run_with(ago_s=LONG_S, **options)
    run.has_begun = False
    return run


def test_its_time_counts_from_its_call_and_not_from_the_start_of_its_interpreter() -> None:
    async def test() -> None:
        around, run = Around(), not_begun(timeout_s=LONG_S / 2)
        limits = around.limits()
        limits.expect(run)
        assert run.timers.keys() == {"start"}
        limits.begin(run, time.time())
        assert run.timers.keys() == {"time"}
        limits.begin(run, 0.0)  # told again
        assert run.seconds < LONG_S / 2
        assert around.done == []
        run.stop_timers()

    asyncio.run(test())


def test_one_whose_call_never_begins_is_ended_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_limits, "START_S", 0.0)

    async def test() -> None:
        around, run = Around(), not_begun(stalled_after_s=LONG_S)
        around.limits().expect(run)
        assert await until_ended(around) == ["ended"]
        assert (run.late_s, run.timed_out_s, run.stalled_s) == (0.0, None, None)

    asyncio.run(test())


def test_one_without_limits_may_import_for_as_long_as_it_likes() -> None:
    async def test() -> None:
        run = not_begun()
        Around().limits().expect(run)
        assert run.timers == {}

    asyncio.run(test())


def test_what_the_callable_says_counts_from_its_call_as_well() -> None:
    async def test() -> None:
        around, run = Around(marked=Marks(timeout_s=LONG_S / 2)), not_begun()
        limits = around.limits()
        limits.watch_marked(run)  # by an interpreter of its own, before its call
        assert run.timers == {}
        limits.begin(run, time.time())
        assert run.timers.keys() == {"time"}
        run.stop_timers()

    asyncio.run(test())


def test_the_time_of_one_that_an_earlier_service_started_goes_on() -> None:
    async def test() -> None:
        around, run = Around(), not_begun(timeout_s=LONG_S / 2)
        limits = around.limits()
        limits.resume(run)
        limits.begin(run, time.time())  # its fork server says so again
        assert await until_ended(around) == ["ended"]
        assert run.timed_out_s == LONG_S / 2

    asyncio.run(test())
