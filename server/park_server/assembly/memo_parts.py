"""The memory of a service: which calls were made before, and what answers them."""

from __future__ import annotations

from dataclasses import dataclass

from park.errors import ParkError
from park.model.lock_hash import LockHash
from park_server.areas.areas import Areas
from park_server.assembly.foundation import Foundation
from park_server.envs import environment_rows
from park_server.envs.interpreters import Interpreter, interpreter_for
from park_server.envs.pylock import Selection, load, select
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.folder import JobFolders
from park_server.jobs.memo.desk import MemoDesk
from park_server.jobs.memo.outside_looks import Looks
from park_server.jobs.memo.recall import Recall
from park_server.jobs.memo.run_notes import ServiceRunNotes
from park_server.jobs.memo.service_files import ServiceFiles
from park_server.used.collection import Collection
from park_server.used.lock_views import Views
from park_server.used.outside import Outside

__all__ = ["MemoParts", "memo_parts"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoParts:
    """What is there before the jobs: who remembers, and who looks at files."""

    looks: Looks
    recall: Recall
    views: Views
    outside: Outside
    files: ServiceFiles

    def desk(self, foundation: Foundation, commits: Commits, settlement: Settlement) -> MemoDesk:
        """Return what decides where files have to be read for it."""
        return MemoDesk(
            database=foundation.database,
            commits=commits,
            settlement=settlement,
            recall=self.recall,
            looks=self.looks,
            views=self.views,
            outside_changed=self.outside.outside_changed,
            files=self.files,
            has_content=foundation.content.has,
        )

    def run_notes(self, foundation: Foundation, folders: JobFolders) -> ServiceRunNotes:
        """Return what notes what runs used."""
        return ServiceRunNotes(
            database=foundation.database,
            folders=folders,
            collection=Collection(self.outside),
            views=self.views,
            files=self.files,
        )


def memo_parts(foundation: Foundation, areas: Areas, runtime_hash: str) -> MemoParts:
    """Return what remembers calls; ``runtime_hash`` names what runs jobs now."""
    looks = Looks()
    settings = foundation.settings
    return MemoParts(
        looks=looks,
        recall=Recall(
            looks,
            runtime_hash=runtime_hash,
            looks_there=foundation.content.looks_there,
            shared=settings.shared_memo,
            checked_share=settings.verify_memo,
        ),
        views=Views(
            foundation.environments.store, lambda lock_hash: _selected(foundation, lock_hash)
        ),
        outside=Outside(),
        files=ServiceFiles(areas),
    )


def _selected(foundation: Foundation, lock_hash: LockHash) -> tuple[Selection, Interpreter] | None:
    """Return what a lock selects, and for whom; None where it is not known here any more."""
    try:
        lock = foundation.database.read(lambda c: environment_rows.lock(c, lock_hash))
        interpreter = interpreter_for(foundation.interpreters, lock.python)
        selection = select(load(lock.document.encode()), interpreter)
    except ParkError:
        return None
    return (selection, interpreter) if selection.hash == lock_hash else None
