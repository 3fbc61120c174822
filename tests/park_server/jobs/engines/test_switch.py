"""Several engines as one: each order goes to its own, and one that is gone is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.labs.schedule_lab import ToldEngine
from support.session.limits import LIMIT_S

from park.model.asked.resources import NOTHING_ASKED, Resources
from park.model.ids import JobId
from park_server.jobs.engines.engine import AttemptExit, ExitKind, Sink, StartOrder
from park_server.jobs.engines.offers import EngineOffer
from park_server.jobs.engines.switch import Engines


class Told(ToldEngine):
    """An engine that does what the test says, and has a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.recovered: list[str] = []

    def offer(self) -> EngineOffer:
        return EngineOffer(name=self.name)

    def remark(self, job_id: JobId) -> str | None:
        return f"{self.name} has it" if job_id == self.name else None

    async def recover(self, orders: Sequence[StartOrder], sink: Sink) -> None:
        del sink
        self.recovered += [order.job_id for order in orders]


class Heard:
    """Keeps the exits that it is told."""

    def __init__(self) -> None:
        self.exits: list[AttemptExit] = []

    def on_started(self, job: JobId, attempt: int, pid: int) -> None: ...

    def on_begun(self, job: JobId, attempt: int, since: float) -> None: ...

    def on_marked(self, job: JobId, attempt: int) -> None: ...

    def on_exited(self, exited: AttemptExit) -> None:
        self.exits.append(exited)


def order(job: str, engine: str | None) -> StartOrder:
    return StartOrder(
        job_id=JobId(job),
        attempt=1,
        directory=Path("/jobs") / job,
        environment=Path("/envs/ab"),
        lock_hash="ab",
        entry_point="m:f",
        set_hash="",
        resources=NOTHING_ASKED if engine is None else Resources(engine=engine),
    )


@pytest.mark.parametrize("how", ["started", "recovered"])
def test_each_order_goes_to_its_engine(how: str) -> None:
    here, cluster, heard = Told("local"), Told("slurm"), Heard()
    engines = Engines({"local": here, "slurm": cluster}, "ef")
    orders = [order("1", None), order("2", "slurm"), order("3", "local"), order("4", "pbs")]

    async def test() -> None:
        if how == "recovered":
            await engines.recover(orders, heard)
            assert (here.recovered, cluster.recovered) == (["1", "3"], ["2"])
        else:
            for each in orders:
                await engines.start(each, heard)
            assert (here.orders.qsize(), cluster.orders.qsize()) == (2, 1)

    asyncio.run(test())
    (gone,) = heard.exits
    assert gone.job_id == "4"
    assert gone.kind is (ExitKind.LOST if how == "recovered" else ExitKind.NEVER_STARTED)
    assert "the engine pbs, which this service has no longer" in (gone.detail or "")


def test_none_waits_for_what_another_one_recovers() -> None:
    class Waiting(Told):
        def __init__(self, name: str, mine: asyncio.Event, others: asyncio.Event) -> None:
            super().__init__(name)
            self._mine, self._others = mine, others

        async def recover(self, orders: Sequence[StartOrder], sink: Sink) -> None:
            self._mine.set()
            await asyncio.wait_for(self._others.wait(), LIMIT_S)
            await super().recover(orders, sink)

    async def test() -> None:
        one, other = asyncio.Event(), asyncio.Event()
        engines = {"local": Waiting("local", one, other), "parsl": Waiting("parsl", other, one)}
        await Engines(engines, "ef").recover([order("1", "parsl")], Heard())
        assert engines["parsl"].recovered == ["1"]

    asyncio.run(test())


def test_what_they_offer_is_told_the_default_first_and_what_one_does_holds_for_all() -> None:
    here, cluster = Told("local"), Told("slurm")
    engines = Engines({"local": here, "slurm": cluster}, "ef")
    assert [offer.name for offer in engines.offers()] == ["local", "slurm"]
    assert engines.remark(JobId("slurm")) == "slurm has it"
    assert engines.remark(JobId("1")) is None
    here.unforkable = "no fork"
    here.takes_calls = True
    assert not engines.takes_calls
    cluster.takes_calls = True
    assert engines.takes_calls
    assert engines.why_fresh("ab", "m:f", "ada") == "no fork"
    assert engines.processor_use(JobId("1")) is None

    async def test() -> None:
        await engines.cancel(JobId("1"), 1.0)
        await engines.close()

    asyncio.run(test())
    assert here.cancelled.get_nowait() == cluster.cancelled.get_nowait() == "1"
