"""Jobs by their ids, from any session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from park.calling import service_named
from park.client.access.config import Configuration, configuration_file
from park.client.jobs.submitted_job import Job
from park.client.service import Service, remote_service
from park.errors import NotPermitted, ParkError, ServiceUnreachable, UnknownItem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from park.model.states import JobState

__all__ = ["cancel", "get_job"]


def get_job(id: str, service: Service | str | None = None) -> Job:  # noqa: A002 (the field's name)
    """Return the handle of a job by its id, also one that another session has submitted.

    It is looked for on ``service``; else on that of the block; else on the default service
    and on each that is configured. Raises `UnknownItem`.
    """
    if not isinstance(id, str) or not id:
        raise UsageError(f"the id of a job is a text, not {id!r}")
    chosen: Service | None = service_named(service)
    if chosen is not None:
        return chosen.job(id)
    asked = []
    for each in _services():
        asked.append(each.url)
        try:
            return each.job(id)
        except (UnknownItem, ServiceUnreachable, NotPermitted) as error:
            last: ParkError = error
    if len(asked) == 1:
        raise last
    raise UnknownItem(f"no job {id} on {', '.join(asked) or 'any service: none is configured'}")


def _services() -> Iterator[Service]:
    """Yield the services of the user, the default one first, each once."""
    seen = set()
    configured = [each.name for each in Configuration(configuration_file()).services()]
    for name in [None, *configured]:
        try:
            service = remote_service(name)
        except (UsageError, NotPermitted):  # there is no default, or no token to be read
            continue
        if service.url not in seen:
            seen.add(service.url)
            yield service


def cancel(job: Job, dependents: bool = False) -> JobState:  # noqa: FBT001, FBT002 (reads well by name)
    """Cancel ``job``, with ``dependents`` also all that needs it; return its state then."""
    if not isinstance(job, Job):
        raise UsageError(f"{job!r} is no job", hint="park.get_job(id) is the job of an id")
    return job.cancel(dependents=dependents)
