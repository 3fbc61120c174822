"""What is said of how the process of a job was started, and how it goes."""

from __future__ import annotations

from datetime import UTC, datetime

from park.model.states import JobState
from park_server.jobs.engines.engine import Engine
from park_server.jobs.processor.use_in_words import running_line
from park_server.jobs.stored_job import StoredJob

__all__ = ["remarks_on"]


def remarks_on(job: StoredJob, engine: Engine) -> list[str]:
    """Return the remarks, each a line: why it was not forked, and whether it uses the processor."""
    return [line for line in (_start(job, engine), _use(job, engine)) if line]


def _start(job: StoredJob, engine: Engine) -> str:
    """Say why ``job`` was not forked though it could have been, where that is so."""
    if job.options.fresh or job.started is None:
        return ""
    why = engine.why_fresh(str(job.lock_hash), job.entry_point, job.user)
    return f"in a fresh interpreter, which takes longer to start: {why}" if why else ""


def _use(job: StoredJob, engine: Engine) -> str:
    """Say how much a job that runs has used of the processor, where its engine sees that."""
    if job.status is not JobState.RUNNING or job.started is None:
        return ""
    use = engine.processor_use(job.id)
    if use is None:
        return ""
    lasts = datetime.now(UTC) - datetime.fromisoformat(job.started)
    return running_line(use.cpu_s, lasts.total_seconds(), is_forked=use.is_forked)
