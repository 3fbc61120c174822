"""A job whose condition raises: that is its end, and no other's."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from park_server.disk import is_of_disk
from park_server.jobs.conditions.need_rows import Waiter
from park_server.jobs.job_end import as_utf8

__all__ = ["why_unsettled"]

_log = logging.getLogger("park.jobs")


def why_unsettled(waiter: Waiter, error: Exception) -> str:
    """Return why a job whose condition raised ``error`` will never start.

    Raises ``error`` where it is the database or the disk that fails, and no one job.
    """
    if isinstance(error, SQLAlchemyError) or is_of_disk(error):
        raise error
    _log.error("the condition of job %s cannot be settled", waiter.id, exc_info=error)
    return as_utf8(f"its condition cannot be settled: {type(error).__name__}: {error}")
