"""What is told of a submission: of most jobs what came, of a few what the database has of them."""

from __future__ import annotations

from sqlalchemy import Connection

from park.model.ids import JobId
from park.wire import FileRecord, JobRecord
from park_repo.database import Database
from park_server.jobs import job_view
from park_server.jobs.admission.submission import Accepted
from park_server.jobs.left.file_rows import files_of, have_many

__all__ = ["answers_of", "ends_of", "is_much"]


def ends_of(database: Database, user: str, accepted: Accepted) -> dict[JobId, JobRecord]:
    """Return the jobs that have ended for another reason than an answer: it may be all."""
    created = accepted.created
    changed = created.changed & created.states.keys()
    ids = [job for job in created.effects.ended if job in changed]
    if not ids:
        return {}
    found = database.read(lambda c: job_view.records(c, ids, user))
    return {JobId(record.id): record for record in found}


def answers_of(database: Database, accepted: Accepted) -> dict[str, list[FileRecord]]:
    """Return the files of the jobs that were answered with what the same call left before."""
    answered = _answered(accepted)
    return database.read(lambda c: files_of(c, answered)) if answered else {}


def is_much(database: Database, user: str, accepted: Accepted) -> bool:
    """Tell whether the database has much of a submission that is little itself."""
    known = [job for job in accepted.submission.ids if job not in accepted.created.states]
    answered = _answered(accepted)
    if not known and not answered:
        return False

    def look(connection: Connection) -> bool:
        return have_many(connection, answered) or any(
            job_view.standing(connection, job, user)[1] for job in known
        )

    return database.read(look)


def _answered(accepted: Accepted) -> list[JobId]:
    """Return those of a submission: a transaction creates the jobs of others, too."""
    answered = accepted.created.answered
    return [job for job in accepted.submission.ids if job in answered] if answered else []
