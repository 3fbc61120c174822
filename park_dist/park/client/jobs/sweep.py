"""The jobs of a sweep, together: a list that can be waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from park.client.jobs.submitted_job import Job
from park.client.jobs.waiting import ALL_COMPLETED, FIRST_FAILED, DoneAndNotDone, as_completed, wait
from park.errors import ParkError
from park.model.states import JobState
from park.side_by_side import side_by_side

__all__ = ["Jobs"]

_FETCHING = 8
"""Results that are fetched at a time."""


class Jobs(Sequence[Job]):
    """Jobs in the order of their calls; ``park.all_of(jobs)`` is the condition on all of them."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = tuple(jobs)

    def __repr__(self) -> str:
        return f"<{len(self._jobs)} jobs of {self._what}>"

    @property
    def _what(self) -> str:
        return ", ".join(dict.fromkeys(job.entry_point for job in self._jobs)) or "nothing"

    def _repr_html_(self) -> str:
        """Show the jobs in a notebook as they are now: how many are in which state."""
        from park.client.jobs.displayed_sweep import DisplayedSweep  # what scripts do without

        return DisplayedSweep(self._jobs, self._what).now().html

    def _ipython_display_(self) -> None:
        """Show them where a notebook draws it, and what becomes of them until all have ended."""
        from park.client.jobs.displayed_sweep import DisplayedSweep  # what scripts do without

        DisplayedSweep(self._jobs, self._what).show()

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    @overload
    def __getitem__(self, index: int) -> Job: ...
    @overload
    def __getitem__(self, index: slice) -> Jobs: ...
    def __getitem__(self, index: int | slice) -> Job | Jobs:
        found = self._jobs[index]
        return Jobs(found) if isinstance(found, tuple) else found

    def results(
        self, timeout: float | None = None, *, return_exceptions: bool = False
    ) -> list[Any]:
        """Wait for all jobs and return what they returned, in the order of the calls.

        Raises what `Job.result` raises as soon as one has failed; with
        ``return_exceptions`` its error stands in its place, and all are waited for. Raises
        `TimeoutError` after ``timeout`` seconds.
        """
        when = ALL_COMPLETED if return_exceptions else FIRST_FAILED
        done, not_done = wait(self._jobs, timeout, when)
        if not_done:
            if not return_exceptions:
                _raise_failure(done)
            raise TimeoutError(f"{len(not_done)} (of {len(self)}) jobs have not ended")
        fetch = _result_or_error if return_exceptions else _result
        return side_by_side(fetch, self._jobs, at_once=_FETCHING)

    def as_completed(self, timeout: float | None = None) -> Iterator[Job]:
        """Yield each job when it has ended, however; see `park.as_completed`."""
        return as_completed(self._jobs, timeout)

    def wait(self, timeout: float | None = None, when: str = ALL_COMPLETED) -> DoneAndNotDone:
        """Wait for the jobs; see `park.wait`."""
        return wait(self._jobs, timeout, when)


def _raise_failure(ended: Iterable[Job]) -> None:
    """Raise the error of the one among ``ended`` that failed, if there is one."""
    for job in ended:
        if job.status != JobState.COMPLETED:
            job.result(0)


def _result(job: Job) -> Any:
    return job.result()


def _result_or_error(job: Job) -> Any:
    try:
        return job.result()
    except ParkError as error:
        return error
