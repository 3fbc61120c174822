"""What is raised of a job that failed: its error, its traceback, and where to look."""

from __future__ import annotations

from park.client.jobs.told.missing_module import left_behind
from park.errors import JobFailed

__all__ = ["failure"]


def failure(job: str, entry_point: str, error: str | None, traceback: str | None) -> JobFailed:
    """Return the error of the failed ``job``, which says where what it lacked is left behind."""
    hint = f"park status {job} --traceback; park logs {job}"
    missing = left_behind(entry_point, error, traceback)
    return JobFailed(
        f"job {job} failed: {error}",
        hint=hint if missing is None else f"{missing}; {hint}",
        details={"traceback": traceback},
    )
