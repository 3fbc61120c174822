"""What is written down of a run that completed: what it used, or why it answers no other call."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, Protocol

from park.model.lock_hash import LockHash
from park.model.memo.file_view import FileView
from park.model.memo.usage import Usage
from park.runtime.codec import TAG
from park_repo.database import Database
from park_server.jobs.folder import JobFolders
from park_server.jobs.job_end import JobEnd
from park_server.jobs.memo import memo_rows
from park_server.jobs.memo.service_files import ServiceFiles
from park_server.jobs.run import Run
from park_server.threads import in_thread
from park_server.used.collection import Collection

__all__ = ["NoRunNotes", "RunNotes", "ServiceRunNotes", "Viewing"]

_log = logging.getLogger("park.memo")


class Viewing(Protocol):
    """Who knows the files of locks. Blocking, and for any thread."""

    def view(self, lock_hash: LockHash) -> FileView | None:
        """Return the files of a lock, None where they are not here."""

    def at_hand(self, lock_hash: LockHash) -> FileView | None:
        """Return the files of a lock where that takes no time; None elsewhere."""


class RunNotes(Protocol):
    """Who notes what runs used."""

    async def noted(self, run: Run, end: JobEnd) -> JobEnd:
        """Return ``end``, of a run that completed, with what is to be remembered of it."""


class NoRunNotes:
    """Notes nothing: a run answers the same call in its own lock."""

    async def noted(self, run: Run, end: JobEnd) -> JobEnd:
        """Return ``end``."""
        del run
        return end


class ServiceRunNotes:
    """Notes what runs used, from what their processes left in their folders."""

    def __init__(
        self,
        *,
        database: Database,
        folders: JobFolders,
        collection: Collection,
        views: Viewing,
        files: ServiceFiles,
    ) -> None:
        self._database = database
        self._folders = folders
        self._collection = collection
        self._views = views
        self._files = files

    async def noted(self, run: Run, end: JobEnd) -> JobEnd:
        """See `RunNotes`; where nothing can be told, the run answers nobody."""
        try:
            usage = self._known(run)
            if usage is not None:
                return _with_usage(end, usage)
            return await in_thread(self._noted, run, end)
        except Exception:  # noqa: BLE001 (the result is no worse for it)
            _log.exception("what job %s used could not be noted", run.id)
            return replace(end, unfit="the service could not note what it used")

    def _known(self, run: Run) -> Usage | None:
        """Return what ``run`` used where that takes no time: most use what others used before."""
        view = self._views.at_hand(LockHash(str(run.job.lock_hash)))
        if view is None or _names_files(run.job.call):
            return None
        return self._collection.at_once(
            self._folders.path_of(run.id), run.attempt, environment=run.environment, view=view
        )

    def _noted(self, run: Run, end: JobEnd) -> JobEnd:
        before = self._database.read(lambda c: memo_rows.contents_of(c, run.id))
        if before and self._files.contents(before, run.user) != before:
            return replace(end, unfit="a file on the service that it names changed while it ran")
        usage = self._collection.collected(
            self._folders.path_of(run.id),
            run.attempt,
            environment=run.environment,
            view=self._views.view(LockHash(str(run.job.lock_hash))),
        )
        return _with_usage(end, usage)


def _names_files(call: Any) -> bool:
    """Tell whether encoded arguments name a file on the service."""
    pending = [call]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if node.get(TAG) == "service-file":
                return True
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return False


def _with_usage(end: JobEnd, usage: Usage) -> JobEnd:
    if usage.never is not None:
        return replace(end, unfit=usage.never)
    if usage == Usage(only_this_lock=usage.only_this_lock):  # nothing was noted
        return end
    return replace(end, usage=usage)
