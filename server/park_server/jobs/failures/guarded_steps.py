"""Steps of jobs in the background: where one raises, that is how its job ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from park.model.ids import JobId
from park_server.jobs.failures.failsafe import Failsafe, line_of_failure
from park_server.jobs.job_end import cancelled_in_part
from park_server.tasks import Tasks

__all__ = ["GuardedSteps"]

_log = logging.getLogger("park.jobs")


class GuardedSteps:
    """Runs steps among ``tasks``; ``let_go`` frees the slot of a job before it is ended."""

    def __init__(
        self, tasks: Tasks, failsafe: Failsafe, *, let_go: Callable[[JobId], None]
    ) -> None:
        self._tasks = tasks
        self._failsafe = failsafe
        self._let_go = let_go

    def do(self, job: JobId, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do ``step`` for ``job``; one that a stop forestalls is never begun."""
        self._tasks.spawn(self._carried_out(job, step))

    async def cancel(self, job: JobId, cancel: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do ``cancel`` for ``job``; where it raises, whoever cancels does not wait for ever.

        The job ends, and says why something of it may still run; to let it go tries once more.
        """
        try:
            await cancel()
        except Exception as error:  # noqa: BLE001 (the job must end, whatever it is)
            _log.exception("job %s could not be cancelled", job)
            self._let_go(job)
            await self._failsafe.end(job, cancelled_in_part(line_of_failure(error)))

    def fail(self, job: JobId, error: Exception) -> None:
        """End ``job``, for which something else raised ``error``."""
        self._tasks.spawn(self._failed(job, error))

    def catch_up(self) -> None:
        """Act upon what the database has, as after a restart."""
        self._tasks.spawn(self._failsafe.catch_up())

    async def _carried_out(self, job: JobId, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 (the job must end, whatever it is)
            await self._failed(job, error)

    async def _failed(self, job: JobId, error: Exception) -> None:
        self._let_go(job)
        await self._failsafe.failed(job, error)
