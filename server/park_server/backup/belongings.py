"""What the database of a home names outside of itself, and so belongs to a backup with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from park.model.states import JobState
from park_repo.tables import files
from park_server.db.tables import jobs, locks
from park_server.retention.reference_rows import digests_in_use

__all__ = ["Belongings", "JobLeft", "belongings", "of_job", "of_top"]

_SHA256 = re.compile(r"[0-9a-f]{64}")

_RUNTIME_FILES = frozenset({"lock", "removals.lock", "devices.json", "database", "ballast"})
"""What belongs to a service that runs, or to where its database is."""

_SEALING = "sealing-key"
"""And what begins so: who finds a backup opens nothing elsewhere with it."""

_DATABASE = "park.sqlite"

_STREAMS = frozenset({"stdout", "stderr", "progress.jsonl"})
_OF_ATTEMPT = frozenset({*_STREAMS, "marks.json"})


@dataclass(frozen=True, kw_only=True, slots=True)
class JobLeft:
    """A job as the snapshot has it: its folder may be further by now."""

    status: JobState
    attempt: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Belongings:
    """What a snapshot of a database names.

    ``published`` are files of the index, by digest and name, with the digest of their METADATA;
    ``locked`` are the digests of wheels that locks name, ``contents`` those of files by content.
    """

    published: Mapping[tuple[str, str], str | None]
    locked: frozenset[str]
    contents: frozenset[str]
    jobs: Mapping[str, JobLeft]


def belongings(connection: Connection) -> Belongings:
    """Return what the database names in this transaction; its schema is this park's."""
    published = connection.execute(
        select(files.c.sha256, files.c.filename, files.c.metadata_sha256)
    )
    return Belongings(
        published={(sha256, name): metadata for sha256, name, metadata in published},
        locked=frozenset(_locked(connection)),
        contents=frozenset(digests_in_use(connection)),
        jobs={
            job: JobLeft(status=JobState(status), attempt=attempt)
            for job, status, attempt in connection.execute(
                select(jobs.c.id, jobs.c.status, jobs.c.attempt)
            )
        },
    )


def _locked(connection: Connection) -> Iterator[str]:
    query = select(locks.c.document).execution_options(yield_per=200)
    for document in connection.execute(query).scalars():
        yield from _SHA256.findall(document)


def of_top(path: Path) -> bool:
    """Tell whether a file right below a home belongs to a backup: tokens, the policy, most keys."""
    kept = path.is_file() and not path.is_symlink() and path.name not in _RUNTIME_FILES
    return kept and not path.name.startswith((_DATABASE, _SEALING, "."))


def of_job(name: str, job: JobLeft) -> bool:
    """Tell whether ``name`` in the folder of ``job`` is of what the snapshot says of it.

    A job that had not ended may have ended since: what it left then is not of that snapshot.
    Where one ran its claim tells the restored service that its process is gone.

    >>> running = JobLeft(status=JobState.RUNNING, attempt=2)
    >>> names = "stdout", "attempt-1", "attempt-2", "outcome.json"
    >>> [name for name in names if of_job(name, running)]
    ['stdout', 'attempt-2']
    """
    if job.status.is_final:
        return not name.startswith("attempt-")
    if job.status is JobState.RUNNING:
        return name in _OF_ATTEMPT or name == f"attempt-{job.attempt}"
    return name in _STREAMS
