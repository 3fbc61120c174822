"""Several engines as one: each job goes to its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from park.model.ids import JobId
from park_server.jobs.engines.engine import (
    AttemptExit,
    Engine,
    ExitKind,
    ProcessorUse,
    Sink,
    StartOrder,
)
from park_server.jobs.engines.offers import EngineOffer

__all__ = ["Engines", "OfferingEngine"]


class OfferingEngine(Engine, Protocol):
    """An engine that says what it can give."""

    def offer(self) -> EngineOffer:
        """Return what it can give, as far as is known now; from any thread."""

    def remark(self, job_id: JobId) -> str | None:
        """Say how a job is in its queue, where it has one; from any thread."""


class Engines:
    """Implements `Engine` with those that a service has, by name; the first is the default.

    ``runtime_hash`` names the machinery that jobs run with, on each of them.
    """

    def __init__(self, engines: Mapping[str, OfferingEngine], runtime_hash: str) -> None:
        self._engines = engines
        self.runtime_hash = runtime_hash
        self._default = next(iter(engines.values()))

    def offers(self) -> list[EngineOffer]:
        """Return what the engines can give, the default first; from any thread."""
        return [engine.offer() for engine in self._engines.values()]

    def remark(self, job_id: JobId) -> str | None:
        """Say how a job is in the queue of its engine, where that has one; from any thread."""
        found = (engine.remark(job_id) for engine in self._engines.values())
        return next((remark for remark in found if remark is not None), None)

    @property
    def takes_calls(self) -> bool:
        """See `Engine.takes_calls`: all of them do."""
        return all(engine.takes_calls for engine in self._engines.values())

    def _of(self, order: StartOrder) -> OfferingEngine | None:
        name = order.resources.engine
        return self._default if name is None else self._engines.get(name)

    async def start(self, order: StartOrder, sink: Sink) -> None:
        """See `Engine.start`."""
        engine = self._of(order)
        if engine is None:
            sink.on_exited(_gone(order, ExitKind.NEVER_STARTED))
        else:
            await engine.start(order, sink)

    async def cancel(self, job_id: JobId, grace_s: float) -> None:
        """See `Engine.cancel`."""
        for engine in self._engines.values():
            await engine.cancel(job_id, grace_s)

    async def recover(self, orders: Sequence[StartOrder], sink: Sink) -> None:
        """See `Engine.recover`."""
        some: defaultdict[str, list[StartOrder]] = defaultdict(list)
        default = next(iter(self._engines))
        for order in orders:
            if self._of(order) is None:
                sink.on_exited(_gone(order, ExitKind.LOST))
            else:
                some[order.resources.engine or default].append(order)
        # each waits for others that it finds: none of them for what another one waits for
        await asyncio.gather(
            *(engine.recover(some[name], sink) for name, engine in self._engines.items())
        )

    def processor_use(self, job_id: JobId) -> ProcessorUse | None:
        """See `Engine.processor_use`."""
        found = (engine.processor_use(job_id) for engine in self._engines.values())
        return next((use for use in found if use is not None), None)

    def why_fresh(self, lock_hash: str, entry_point: str, user: str) -> str | None:
        """See `Engine.why_fresh`."""
        return self._default.why_fresh(lock_hash, entry_point, user)

    async def close(self) -> None:
        """See `Engine.close`."""
        await asyncio.gather(*(engine.close() for engine in self._engines.values()))


def _gone(order: StartOrder, kind: ExitKind) -> AttemptExit:
    return AttemptExit(
        job_id=order.job_id,
        attempt=order.attempt,
        kind=kind,
        detail=f"the engine {order.resources.engine}, which this service has no longer",
    )
