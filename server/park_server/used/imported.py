"""Which projects the runs of an entry point used in an environment: those that matter most."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from park.errors import UsageError
from park.model.lock_hash import LockHash
from park.model.memo.file_view import FileView
from park.model.memo.usage import Usage
from park_repo.database import Database
from park_server.db.tables import jobs, memo_calls, memo_usages
from park_server.used.lock_views import Views

__all__ = ["Imported", "projects_of"]


class Imported:
    """The projects that runs used, by entry point and lock. Blocking, and thread-safe."""

    def __init__(self, database: Database, views: Views) -> None:
        self._database = database
        self._views = views

    def projects(self, entry_point: str, lock_hash: LockHash) -> frozenset[str] | None:
        """Return those that any run of ``entry_point`` used there, whosever it was.

        None where there was none, or where its files are not known any more.
        """
        documents = self._database.read(lambda c: _documents(c, entry_point, lock_hash))
        try:
            usages = [Usage.from_json(document) for document in documents]
            view = self._views.view(lock_hash) if usages else None
        except (UsageError, OSError):
            return None
        if view is None:
            return None
        return frozenset().union(*(projects_of(usage, view) for usage in usages))


def _documents(connection: Connection, entry_point: str, lock_hash: LockHash) -> list[object]:
    query = (
        select(memo_usages.c.document)
        .distinct()
        .join(memo_calls, memo_calls.c.usage == memo_usages.c.sha256)
        .join(jobs, jobs.c.id == memo_calls.c.job)
        .where(jobs.c.entry_point == entry_point, jobs.c.lock_hash == lock_hash)
    )
    return list(connection.scalars(query))


def projects_of(usage: Usage, view: FileView) -> Collection[str]:
    """Return the projects of which a run used a file; all of ``view``, where nobody knows.

    What it looked for in vain is nobody's, and the data of an environment (`Usage.data`) is
    everybody's.
    """
    if usage.only_this_lock or usage.data:
        return {wheel.name for wheel in view.wheels}
    read = (view.owner(path) for path, sha256 in usage.files.items() if sha256 is not None)
    return {*filter(None, read), *usage.wheels, *usage.packages}
