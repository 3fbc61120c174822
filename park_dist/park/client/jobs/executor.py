"""A service as a `concurrent.futures.Executor`: for code that knows those, and for asyncio."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, InvalidStateError, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_futures
from contextlib import ExitStack, suppress
from typing import Any, TypeVar

from park.client.jobs.ends import End, EndListener, is_confirmed
from park.client.jobs.submitted_job import Job
from park.client.jobs.waiting import line_of
from park.client.voice import drawn_while_waiting
from park.errors import ParkError, as_raised_here
from park.model.states import JobState

__all__ = ["JobFuture", "ServiceExecutor"]

_Result = TypeVar("_Result")

_FETCHING = 4
"""Threads that fetch results and cancel jobs, however many futures there are."""


class JobFuture(Future[_Result]):
    """The future of a job, which is its attribute ``job``.

    Unlike a thread's call, a job can be cancelled while it runs.
    """

    def __init__(self, job: Job, executor: ServiceExecutor) -> None:
        super().__init__()
        self.job = job
        self._executor = executor

    def cancel(self) -> bool:
        """Cancel the job, in the background; returns False where it has ended already."""
        with self._executor.lock:  # the waiters are told once
            first = not self.cancelled()
            if not super().cancel():
                return False
            if first:
                self.set_running_or_notify_cancel()
        if first:
            self._executor.cancel(self)
        return True

    def result(self, timeout: float | None = None) -> _Result:
        """Wait and return as any future does; what is waited for is told as `Job.result` does."""
        return super().result(_left_after_telling([self], timeout))

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait as `result`, and return what it would raise."""
        return super().exception(_left_after_telling([self], timeout))

    def running(self) -> bool:
        """Ask the service whether the job runs at this moment."""
        if self.done() or not is_confirmed(self.job):
            return False
        return self.job.status == JobState.RUNNING


class ServiceExecutor(Executor):
    """Runs calls as jobs of the service at ``url``; ``submit`` is its `Service.submit`.

    One thread follows all the jobs. Shutting down waits for them, but the end of the
    interpreter does not: they go on, and `park.get_job` finds them again.
    """

    def __init__(self, submit: Callable[..., Job], url: str) -> None:
        self.lock = threading.RLock()
        self._submit = submit
        self._url = url
        self._ends = EndListener(self._ended)
        self._futures: dict[str, JobFuture[Any]] = {}
        self._is_shut = False
        self._workers = ThreadPoolExecutor(_FETCHING, thread_name_prefix="park results")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._url}>"

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Ctrl-C is no moment to begin to wait in, and what was submitted goes on
        self.shutdown(wait=kind is None or issubclass(kind, Exception))

    def submit(
        self, fn: Callable[..., _Result], /, *args: Any, **kwargs: Any
    ) -> JobFuture[_Result]:
        """Submit a call as `Service.submit` does, and return its future."""
        with self.lock:
            if self._is_shut:
                raise RuntimeError("cannot schedule new futures after shutdown")
            job = self._submit(fn, *args, arguments=kwargs)
            future: JobFuture[_Result] = JobFuture(job, self)
            self._futures[job.id] = future
        self._ends.add([job])
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 (as in `Executor`)
        """Take no more calls; ``wait`` for the jobs, and cancel those that have not started.

        A job that has started goes on even with ``cancel_futures``.
        """
        with self.lock:
            self._is_shut = True
            futures = list(self._futures.values())
        if cancel_futures:
            list(self._workers.map(_cancel_unless_started, futures))
        if wait:
            _left_after_telling(futures, None)
        self._end_if_over()

    def cancel(self, future: JobFuture[Any]) -> None:
        """Cancel the job of a future that is cancelled."""
        self._in_background(_cancelled_there, future.job)
        self._forget(future)

    def _ended(self, end: End) -> None:
        with self.lock:
            future = self._futures.get(end.handle.id)
        if future is not None:
            self._in_background(self._settle, future)

    def _settle(self, future: JobFuture[Any]) -> None:
        """Give the future what its job left; one that was cancelled meanwhile stays so."""
        try:
            value = future.job.result()
        except BaseException as error:  # noqa: BLE001 (raised by the future)
            with suppress(InvalidStateError):
                future.set_exception(as_raised_here(error))
        else:
            with suppress(InvalidStateError):
                future.set_result(value)
        self._forget(future)

    def _forget(self, future: JobFuture[Any]) -> None:
        with self.lock:
            self._futures.pop(future.job.id, None)
        self._end_if_over()

    def _in_background(self, work: Callable[..., object], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the interpreter ends: nobody waits any more
            self._workers.submit(work, *arguments)

    def _end_if_over(self) -> None:
        with self.lock:
            over = self._is_shut and not self._futures
        if over:
            self._ends.close()
            self._workers.shutdown(wait=False)


def _left_after_telling(futures: Sequence[JobFuture[Any]], timeout: float | None) -> float | None:
    """Wait until all ``futures`` are done, and tell how they stand; return the time that is left.

    What is built and sent for them is drawn until the service has them all.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    left = timeout
    pending = [each for each in futures if not each.done()]
    if not pending or (left is not None and left <= 0):
        return left
    line = line_of([each.job for each in futures])
    with ExitStack() as telling:
        telling.callback(line.end)
        drawing = telling.enter_context(ExitStack())
        drawing.enter_context(drawn_while_waiting())
        while pending and (left is None or left > 0):
            wait_for_futures(pending, line.wait_s(left))
            pending = [each for each in pending if not each.done()]
            if all(is_confirmed(each.job) for each in pending):
                drawing.close()
            line.look()
            left = None if deadline is None else deadline - time.monotonic()
    return None if left is None else max(left, 0.0)


_NOT_STARTED = frozenset({JobState.WAITING, JobState.QUEUED})


def _cancel_unless_started(future: JobFuture[Any]) -> None:
    if not future.done():
        started = is_confirmed(future.job) and future.job.status not in _NOT_STARTED
        if not started:
            future.cancel()


def _cancelled_there(job: Job) -> None:
    with suppress(ParkError):  # it has ended already, or was never submitted
        job.cancel()
