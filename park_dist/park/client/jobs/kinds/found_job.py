"""The handle of a job that a service has: of the kind that the job is."""

from __future__ import annotations

from park.client.connection import WithConnection
from park.client.jobs.kinds.fit_job import FIT_ENTRY_POINT, SCRIPT_ENTRY_POINT, FitJob
from park.client.jobs.kinds.race import Race
from park.client.jobs.submitted_job import Fetch, Job
from park.model.states import JobKind
from park.wire import JobRecord

__all__ = ["job_of_record"]


def job_of_record(service: WithConnection, record: JobRecord) -> Job:
    """Return the handle: a `Fetch`, a `Race` or a `FitJob` where it is one."""
    return _kind_of(record)(service, record.id, record.entry_point, record=record)


def _kind_of(record: JobRecord) -> type[Job]:
    if record.kind is JobKind.FETCH:
        return Fetch
    if record.kind is JobKind.RACE:
        return Race
    is_fit = record.entry_point in {FIT_ENTRY_POINT, SCRIPT_ENTRY_POINT}
    return FitJob if is_fit else Job
