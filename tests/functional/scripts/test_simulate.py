"""A small fleet, replayed through the scheduler: nothing is lost, nobody starves."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from fleet.replay import replayed
from fleet.world import Fleet, SimulatedEngine
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from park_server.jobs.engines.engine import Sink, StartOrder

SMALL = Fleet(nodes=8, cores=4, jobs=300, environments=20, users=5, failing=0.1, deaths=3, batch=20)


def test_each_job_ends_once_whatever_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: Counter[str] = Counter()
    at_a_time: list[int] = []
    start = SimulatedEngine.start

    async def counted(self: SimulatedEngine, order: StartOrder, sink: Sink) -> None:
        await start(self, order, sink)
        started[order.job_id] += 1
        at_a_time.append(self.running)

    monkeypatch.setattr(SimulatedEngine, "start", counted)
    found = asyncio.run(asyncio.wait_for(replayed(tmp_path, SMALL), LIMIT_S))
    assert found.ended == len(started) == SMALL.jobs
    assert found.attempts == sum(started.values())
    assert found.failed > 0
    assert found.lost > 0
    assert found.attempts > found.ended
    assert max(at_a_time) == SMALL.slots
    assert found.fleet_s >= SMALL.jobs * SMALL.mean_s / SMALL.slots * 0.6
    assert found.fairness < 3
    said = "\n".join(found.lines())
    for word in ("throughput", "latency", "memory", "first wall"):
        assert f"\n{word} " in said
    assert found.wall_nodes == int(found.per_core_s * SMALL.mean_s / SMALL.cores)
