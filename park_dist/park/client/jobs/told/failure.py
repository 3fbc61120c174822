"""What is raised of a job that did not complete: its error, its traceback, and where to look."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from park.client.access.known_services import option_for
from park.client.jobs.told.missing_module import left_behind
from park.errors import JobCancelled, JobFailed, ParkError
from park.wire import API, InstallRecord, decode

if TYPE_CHECKING:
    from park.client.access.transport import Transport
    from park.wire import JobRecord

__all__ = ["cancellation", "failure"]


def cancellation(record: JobRecord, transport: Transport) -> JobCancelled:
    """Return the error of a cancelled job: where its install failed, with what that advises."""
    hint = None
    if record.install is not None and record.lock_hash is None:
        with suppress(ParkError):  # the service is gone, or has forgotten it
            answer = transport.json("GET", f"{API}/installs/{record.install}")
            hint = (decode(InstallRecord, answer).error or {}).get("hint")
    said = f"job {record.id} was cancelled: {record.error}"
    return JobCancelled(said, hint=hint if isinstance(hint, str) else None)


def failure(
    record: JobRecord, entry_point: str, traceback: str | None, transport: Transport
) -> JobFailed:
    """Return the error of a failed job, which says where what it lacked is left behind."""
    on = option_for(transport.address.url)
    hint = f"park status{on} {record.id} --traceback; park logs{on} {record.id}"
    missing = left_behind(entry_point, record.error, traceback)
    return JobFailed(
        f"job {record.id} failed: {record.error}",
        hint=hint if missing is None else f"{missing}; {hint}",
        details={"traceback": traceback},
    )
