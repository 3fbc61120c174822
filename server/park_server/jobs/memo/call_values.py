"""What the references of calls became, as digests: from what the database has of jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import Connection

from park.errors import ParkError
from park.model.ids import JobId
from park.model.memo.call_key import digest_of, part_digest
from park.model.references import Reference, What
from park.runtime.codec import TAG
from park.wire import FileRecord
from park_server.jobs.conditions import need_rows
from park_server.jobs.dereference import FILE_URL, file_of_reference
from park_server.jobs.left import file_rows
from park_server.jobs.memo import memo_rows
from park_server.jobs.memo.decision import Asked

__all__ = ["CallValues"]


class CallValues:
    """The values of the references of some jobs, read together, in one transaction.

    ``new`` are digests of what jobs returned that nobody asked for before. What the jobs of
    ``standing`` leave is what those left by which they are answered.
    """

    def __init__(
        self, connection: Connection, jobs: Sequence[Asked], standing: Mapping[str, JobId]
    ) -> None:
        self._connection = connection
        self._standing = standing
        self._became = {
            asked.job: [self._answered(each) for each in asked.shape.references] for asked in jobs
        }
        here = [each for found in self._became.values() for each in found if each.service is None]
        self._files: Mapping[str, Sequence[FileRecord]] = {}
        if any(each.what in {What.FILE, What.URL} for each in here):
            named = {each.job for each in here if each.what is not What.VALUE}
            self._files = file_rows.files_of(connection, named)
        whole = {each.job for each in here if each.what is What.VALUE and not each.path}
        self._wholes = memo_rows.values(connection, whole) if whole else {}
        parts = {each.job for each in here if each.what is What.VALUE and each.path}
        wanted = parts | {job for job in whole if job not in self._wholes}
        self._documents = memo_rows.written_as(connection, wanted) if wanted else {}
        new = {job: digest_of(self._documents.get(job)) for job in whole - self._wholes.keys()}
        self.new: Mapping[str, str] = new
        self._wholes |= new

    def of(self, asked: Asked) -> list[str] | None:
        """Return the digests of what the references of ``asked`` became.

        None where one is not there: the job will say so.
        """
        references = self._became[asked.job]
        staged: Mapping[str, Any] = {}
        if any(each.service is not None for each in references):
            staged = need_rows.staged_for(self._connection, asked.job)
        try:
            return [
                self._of_here(each) if each.service is None else _of_staged(staged[each.key])
                for each in references
            ]
        except (ParkError, KeyError):
            return None

    def _answered(self, reference: Reference) -> Reference:
        """Return ``reference`` to the job that answers the one here that it names."""
        answer = None if reference.service else self._standing.get(reference.job)
        if answer is None:
            return reference
        return Reference(job=answer, what=reference.what, name=reference.name, path=reference.path)

    def _of_here(self, reference: Reference) -> str:
        if reference.what is not What.VALUE:
            file = file_of_reference(
                self._connection, reference, self._files.get(reference.job, ())
            )
            return _of_file(reference.what, file.sha256, PurePosixPath(file.name).name)
        if not reference.path:
            return self._wholes[reference.job]
        return part_digest(self._documents.get(JobId(reference.job)), reference.path)


def _of_staged(document: Any) -> str:
    """Return the digest of what was brought here in place of a reference."""
    if isinstance(document, dict) and document.get(TAG) == "selected":
        path = [(kind, key) for kind, key in document["path"]]
        return part_digest(document["value"], path)
    if isinstance(document, dict) and document.get(TAG) == FILE_URL:
        return _of_file(What.URL, document["sha256"], document["name"])
    if isinstance(document, dict) and document.get(TAG) == "file":
        return _of_file(What.FILE, document["sha256"], document["name"])
    return digest_of(document)


def _of_file(what: What, sha256: str, name: str) -> str:
    return digest_of([str(what), sha256, name])
