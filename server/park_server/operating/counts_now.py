"""What there is at the moment, counted by the database: jobs, installs, environments, files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from park.model.states import InstallState, JobKind, JobState
from park_repo.tables import files
from park_server.db.tables import environments, installs, jobs
from park_server.operating.latencies import engine_of_job

__all__ = ["CountsNow", "counts_now"]

_LIVE_JOBS = tuple(state.value for state in JobState if not state.is_final)
_LIVE_INSTALLS = tuple(state.value for state in InstallState if not state.is_final)


@dataclass(frozen=True, kw_only=True, slots=True)
class CountsNow:
    """Jobs by engine and state, and the others by state; ``index`` is files and bytes by layer."""

    jobs: dict[tuple[str, str], int]
    installs: dict[str, int]
    environments: dict[str, int]
    environments_bytes: int
    index: dict[str, tuple[int, int]]


def counts_now(connection: Connection, default_engine: str) -> CountsNow:
    """Count; a state that nothing is in counts 0, so that its line in a graph goes there."""
    of_environments = connection.execute(
        select(environments.c.state, func.count(), func.sum(environments.c.own_bytes)).group_by(
            environments.c.state
        )
    ).all()
    by_state = (
        select(installs.c.state, func.count())
        .where(installs.c.state.in_(_LIVE_INSTALLS))
        .group_by(installs.c.state)
    )
    by_layer = select(files.c.layer, func.count(), func.sum(files.c.size)).group_by(files.c.layer)
    return CountsNow(
        jobs=_jobs(connection, default_engine),
        installs=dict.fromkeys(_LIVE_INSTALLS, 0) | _pairs(connection.execute(by_state).all()),
        environments=_pairs(of_environments),
        environments_bytes=sum(int(row[2] or 0) for row in of_environments),
        index={
            row[0]: (int(row[1]), int(row[2] or 0)) for row in connection.execute(by_layer).all()
        },
    )


def _jobs(connection: Connection, default: str) -> dict[tuple[str, str], int]:
    query = (
        select(jobs.c.status, jobs.c.kind, jobs.c.resources, func.count())
        .where(jobs.c.status.in_(_LIVE_JOBS))
        .group_by(jobs.c.status, jobs.c.kind, jobs.c.resources)
    )
    found: Counter[tuple[str, str]] = Counter()
    for status, kind, asked, count in connection.execute(query):
        found[engine_of_job(JobKind(kind), asked, default), status] += count
    return dict.fromkeys([(default, state) for state in _LIVE_JOBS], 0) | found


def _pairs(rows: object) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in rows}  # type: ignore[attr-defined]
