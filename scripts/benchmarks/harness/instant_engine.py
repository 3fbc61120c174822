"""``park`` whose jobs end as soon as they start: what is left is what scheduling costs.

Everything but the processes of the jobs is the real service: HTTP, the database and its
commits, the folder of each job, conditions and references. Only a `HELD` job has a process.
"""

from __future__ import annotations

import asyncio
import os
import sys

from park.cli.main import main as park
from park_server.assembly import engine_parts
from park_server.jobs.engines.engine import AttemptExit, ExitKind, Sink, StartOrder
from park_server.jobs.engines.local import LocalEngine

__all__ = ["HELD", "RESULT"]

HELD = "signal:pause"
"""The entry point of a job that ends when it is cancelled."""

RESULT = 1.0
"""What every other job returns."""


class _InstantEngine(LocalEngine):
    """Reports each attempt as started, and as completed, in the next turn of the loop."""

    async def start(self, order: StartOrder, sink: Sink) -> None:
        if order.entry_point == HELD:
            await super().start(order, sink)
        else:
            asyncio.get_running_loop().call_soon(self._complete, order, sink)

    def _complete(self, order: StartOrder, sink: Sink) -> None:
        sink.on_started(order.job_id, order.attempt, os.getpid())
        outcome = {"attempt": order.attempt, "state": "completed", "result": RESULT}
        sink.on_exited(
            AttemptExit(
                job_id=order.job_id,
                attempt=order.attempt,
                kind=ExitKind.EXITED,
                outcome=outcome,
            )
        )


if __name__ == "__main__":
    vars(engine_parts)["LocalEngine"] = _InstantEngine
    sys.exit(park())
