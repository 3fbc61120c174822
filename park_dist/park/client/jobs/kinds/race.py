"""Races as objects in a script."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from park.client.access.address import find_service
from park.client.access.known_services import option_for
from park.client.access.transport import Transport
from park.client.connection import WithConnection
from park.client.jobs.decoded_result import decode_result
from park.client.jobs.submitted_job import Job
from park.client.submission.item import Item
from park.client.submission.session_jobs import is_of_session
from park.errors import JobFailed
from park.model.conditions import brief
from park.wire import JobRecord, RaceRecord, WinnerRecord

__all__ = ["Race"]


class Race(Job):
    """Several jobs of which the first that is good enough counts; made by `park.race`.

    It is a job as others are: its value and its files are those of the winner, of several a list
    of values, and files as ``0/NAME``; it is a condition, and an argument of other jobs.
    """

    def __init__(
        self,
        service: WithConnection,
        id: str,  # noqa: A002 (the field's name)
        entry_point: str,
        *,
        item: Item | None = None,
        record: JobRecord | None = None,
    ) -> None:
        super().__init__(service, id, entry_point, item=item, record=record)
        self._competitors: tuple[Job, ...] = ()

    def __repr__(self) -> str:
        record = None if self._record is None else self._record.race
        if record is None or not record.winners:
            count = record.competitors if record is not None else len(self._competitors)
            return super().__repr__().replace(self._entry_point, f"of {count}", 1)
        names = ", ".join(f"job {brief(each.job)}" for each in record.winners)
        return f"<Race {self._id} of {record.competitors} won by {names}>"

    def compete(self, jobs: Iterable[Job]) -> None:
        """Take it that these are those that compete, as this session has them."""
        self._competitors = tuple(jobs)

    @property
    def winner(self) -> Job:
        """The job that has won, of several the best; waits for it, and raises as `result`."""
        return self.winners[0]

    @property
    def winners(self) -> list[Job]:
        """The jobs that have won, the better ones first; waits for them, and raises as `result`."""
        self.encoded_result()
        return [self._job_of(each) for each in self._outcome().winners]

    def _outcome(self) -> RaceRecord:
        record = self.refresh().race
        assert record is not None  # noqa: S101 (its kind says so)
        return record

    def _competitor(self, winner: WinnerRecord) -> Job | None:
        return next((job for job in self._competitors if job.id == winner.job), None)

    def _job_of(self, winner: WinnerRecord) -> Job:
        if (known := self._competitor(winner)) is not None:
            return known
        if winner.service is None:
            return self.service.job(winner.job)
        return type(self.service)(Transport(find_service(winner.service))).job(winner.job)

    def _decoded(self, document: Any) -> Any:
        record = self._outcome()
        if record.keep == 1:
            return self._value_of(record.winners[0], document)
        return [
            self._value_of(winner, each)
            for winner, each in zip(record.winners, document, strict=True)
        ]

    def _value_of(self, winner: WinnerRecord, document: Any) -> Any:
        """Return what a winner has left: its pickles are of its own set of versions."""
        job = self._competitor(winner) or Job(self._service, winner.job, winner.entry_point)
        return decode_result(
            document,
            entry_point=winner.entry_point,
            set_hash=winner.set_hash,
            here=lambda: job._set_hash_here(winner.set_hash),  # noqa: SLF001 (its own kind)
            is_of_session=is_of_session(winner.job),
        )

    def _failed(self, record: JobRecord) -> JobFailed:
        """Return the error of a race without a winner, which has no traceback of its own."""
        on = option_for(self.transport.address.url)
        return JobFailed(f"race {self.id} failed: {record.error}", hint=f"park why{on} {self.id}")


Race.__module__ = "park"  # pickles name what does not move when files do
