"""Replays a fleet: submits, lets attempts end, and measures what the scheduler takes for it."""

from __future__ import annotations

import asyncio
import random
import resource
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from uuid import UUID

from fleet.core import Core, lock_of
from fleet.world import Fleet
from park.wire import JobRequest
from park_server.jobs.conditions.effects import Effects

__all__ = ["Replayed", "replayed"]

_UNSETTLED = 512
"""Ends under way at a time: about two of the database's largest commits; and no more than a small
part of the slots, which stand empty meanwhile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What a replay came to; times are real ones, but ``fleet_s``, which the fleet took.

    ``submit_ms`` and ``settle_ms`` are the median and the 99th hundredth: of a request with its
    batch of jobs, and from the exit of an attempt to the commit of its job's end.
    """

    fleet: Fleet
    ended: int
    attempts: int
    failed: int
    lost: int
    seconds: float
    fleet_s: float
    loop_share: float
    process_share: float
    submit_ms: tuple[float, float]
    settle_ms: tuple[float, float]
    memory_bytes: int
    database_bytes: int
    fairness: float

    @property
    def per_s(self) -> float:
        """Attempts a second that the scheduler can start and end."""
        return self.attempts / self.seconds

    @property
    def per_core_s(self) -> float:
        """Attempts in a second of one processor, which is all that one Python process can have."""
        return self.per_s / self.process_share

    @property
    def wall_nodes(self) -> int:
        """How many such nodes one process keeps busy, with a processor for itself."""
        return int(self.per_core_s * self.fleet.mean_s / self.fleet.cores)

    def lines(self) -> Iterator[str]:
        """Yield what people read."""
        fleet, size = self.fleet, self.database_bytes
        yield (
            f"fleet       {fleet.nodes:,} nodes of {fleet.cores} cores, {fleet.jobs:,} jobs of "
            f"{fleet.mean_s:g} s, {fleet.environments:,} environments, {fleet.users} users"
        )
        yield (
            f"ended       {self.ended:,} jobs in {self.attempts:,} attempts: {self.failed:,} "
            f"failed, {self.lost:,} were lost with their nodes; {self.fleet_s:,.0f} s of the fleet"
        )
        yield f"throughput  {self.per_s:,.0f} attempts/s in {self.seconds:,.1f} s"
        yield (
            f"latency     a request of {fleet.batch:,} jobs {self.submit_ms[0]:.1f} ms "
            f"(99 %: {self.submit_ms[1]:.1f}); from exit to the commit of the end "
            f"{self.settle_ms[0]:.1f} ms (99 %: {self.settle_ms[1]:.1f})"
        )
        yield (
            f"memory      {self.memory_bytes / 2**20:,.0f} MiB; database {size / 2**20:,.0f} MiB, "
            f"{size / self.ended:,.0f} bytes a job"
        )
        yield f"turns       who had most had {self.fairness:.2f} times what who had least had"
        yield (
            f"processor   the event loop {self.loop_share:.0%} of one, the whole process "
            f"{self.process_share:.0%}"
        )
        yield (
            f"first wall  one process: {self.per_core_s:,.0f} attempts in a second of a processor "
            f"keep {self.wall_nodes:,} such nodes busy; this fleet asks for "
            f"{fleet.asks_per_s:,.0f} a second"
        )


async def replayed(root: Path, fleet: Fleet) -> Replayed:
    """Replay ``fleet`` with its database below ``root``."""
    core = Core(root, fleet)
    try:
        await core.scheduler.resume()
        return await _Replay(core, fleet).run()
    finally:
        await core.close()


class _News:
    """Wakes all who wait for what comes next."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Wake them."""
        self._event.set()
        self._event = asyncio.Event()

    async def come(self) -> None:
        """Wait for what comes after this."""
        await self._event.wait()


class _Replay:
    def __init__(self, core: Core, fleet: Fleet) -> None:
        self._core = core
        self._fleet = fleet
        self._submitted = self._ended = 0
        self._most = max(1, min(_UNSETTLED, fleet.slots // 32))
        self._exits: dict[str, float] = {}
        self._submit_s: list[float] = []
        self._settle_s: deque[float] = deque(maxlen=200_000)
        self._news = _News()
        core.engine.on_started = self._news.tell
        self._chance = random.Random(fleet.seed)  # noqa: S311 (the same fleet each time)
        core.commits.subscribe(self._heard)

    async def run(self) -> Replayed:
        wall, loop, process = time.perf_counter(), time.thread_time(), time.process_time()
        submitting = asyncio.create_task(self._submit_all())
        submitting.add_done_callback(lambda _: self._news.tell())
        while self._ended < self._fleet.jobs:
            self._let_end()
            if submitting.done():
                submitting.result()  # what it raised ends the replay
            await self._news.come()
        await submitting
        seconds = time.perf_counter() - wall
        return self._result(
            seconds,
            loop_share=(time.thread_time() - loop) / seconds,
            process_share=(time.process_time() - process) / seconds,
        )

    def _let_end(self) -> None:
        """End attempts where the slots are full, or nothing is left to fill them."""
        engine, fleet = self._core.engine, self._fleet
        is_all_in = self._submitted == fleet.jobs
        while engine.running and len(self._exits) < self._most:
            waits = self._submitted - self._ended - engine.running - len(self._exits)
            if engine.running + len(self._exits) < fleet.slots and (waits or not is_all_in):
                return
            moment = time.perf_counter()
            self._exits.update(dict.fromkeys(engine.end_next(), moment))

    async def _submit_all(self) -> None:
        fleet, users = self._fleet, [f"user{each:03}" for each in range(self._fleet.users)]
        for first in range(0, fleet.jobs, fleet.batch):
            while self._submitted - self._ended >= fleet.backlog:
                await self._news.come()
            numbers = range(first, min(first + fleet.batch, fleet.jobs))
            began = time.perf_counter()
            user = users[first // fleet.batch % len(users)]
            await self._core.scheduler.submit(user, [self._request(each) for each in numbers])
            self._submit_s.append(time.perf_counter() - began)
            self._submitted += len(numbers)

    def _request(self, number: int) -> JobRequest:
        return JobRequest(
            id=str(UUID(int=(0x0199 << 112) | (0x7 << 76) | (0x8 << 60) | number)),
            entry_point="simulated:job",
            call={"args": [], "kwargs": {}},
            lock_hash=lock_of(self._chance.randrange(self._fleet.environments)),
            retries=1,
            backoff_s=0.0,
            restartable=True,
            memo=False,
        )

    def _heard(self, effects: Effects) -> None:
        over = [*effects.ended, *effects.queued, *(each.job for each in effects.retries)]
        self._ended += len(effects.ended)
        moment = time.perf_counter()
        for job in over:
            began = self._exits.pop(job, None)
            if began is not None:
                self._settle_s.append(moment - began)
        self._news.tell()

    def _result(self, seconds: float, *, loop_share: float, process_share: float) -> Replayed:
        engine = self._core.engine
        took = engine.took.values()
        return Replayed(
            fleet=self._fleet,
            ended=self._ended,
            attempts=engine.started,
            failed=engine.failed,
            lost=engine.lost,
            seconds=seconds,
            fleet_s=engine.now,
            loop_share=loop_share,
            process_share=process_share,
            submit_ms=_ms(self._submit_s),
            settle_ms=_ms(self._settle_s),
            memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            database_bytes=sum(
                each.stat().st_size
                for each in self._core.file.parent.glob(f"{self._core.file.name}*")
            ),
            fairness=max(took) / max(min(took), 1),
        )


def _ms(seconds: list[float] | deque[float]) -> tuple[float, float]:
    """Return the median and the 99th hundredth in milliseconds."""
    if len(seconds) == 1:
        return seconds[0] * 1e3, seconds[0] * 1e3
    found = quantiles(seconds, n=100)
    return found[49] * 1e3, found[98] * 1e3
