"""Steps in the background: one that raises is how its job ends, one that a stop forestalls none."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from park.model.ids import JobId
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.failures.guarded_steps import GuardedSteps
from park_server.tasks import Tasks

JOB = JobId("a")


class Noted:
    """A failsafe that notes, and what it noted in order with the slots that were let go."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.tasks = Tasks(logging.getLogger(), "a step failed")
        self.steps = GuardedSteps(
            self.tasks, cast("Failsafe", self), let_go=lambda job: self.said.append(("free", job))
        )

    async def failed(self, job: JobId, error: Exception) -> None:
        self.said.append((str(error), job))

    async def step(self, error: Exception | None = None) -> None:
        self.said.append("begun")
        if error is not None:
            raise error


def test_a_step_that_raises_frees_the_slot_and_then_ends_its_job() -> None:
    async def story() -> list[Any]:
        noted = Noted()
        noted.steps.do(JOB, lambda: noted.step(ValueError("broken")))
        await noted.tasks.finish()
        return noted.said

    assert asyncio.run(story()) == ["begun", ("free", JOB), ("broken", JOB)]


def test_a_step_that_a_stop_forestalls_is_never_begun() -> None:
    async def story() -> list[Any]:
        noted = Noted()
        noted.steps.do(JOB, noted.step)
        await noted.tasks.stop()
        return noted.said

    assert asyncio.run(story()) == []
