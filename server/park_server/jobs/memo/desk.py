"""Finds out, beside the thread that writes, whether what was run before answers jobs.

For that files are read and environments compared: many jobs at a time, and each pair of a
usage and a lock once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice

from sqlalchemy import Connection

from park.errors import UsageError
from park.model.conditions import brief
from park.model.ids import JobId
from park.model.lock_hash import LockHash
from park.model.memo.difference import Difference, difference
from park.model.memo.usage import Usage
from park.model.states import JobState
from park_repo.database import Database
from park_server.clock import now, text_of
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.conditions.recall import Judged
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.memo import memo_rows
from park_server.jobs.memo.decision import Asked, Candidate
from park_server.jobs.memo.outside_looks import Looks
from park_server.jobs.memo.recall import Recall
from park_server.jobs.memo.run_notes import Viewing
from park_server.jobs.memo.service_files import ServiceFiles
from park_server.tasks import Tasks
from park_server.threads import in_thread

__all__ = ["MemoDesk"]

_log = logging.getLogger("park.memo")

_AT_ONCE = 2_000
"""Jobs that are looked at together."""

_MANY = 20
"""Jobs that come together: for fewer a look ahead takes longer than what it saves."""

_MOST_CANDIDATES = 8
"""Runs of one call, the newest first, that are compared with what is asked for."""


class MemoDesk:
    """Decides on jobs that are undecided. Belongs to the event loop.

    ``outside_changed`` tells what of a usage beside its environment is another now.
    """

    def __init__(
        self,
        *,
        database: Database,
        commits: Commits,
        settlement: Settlement,
        recall: Recall,
        looks: Looks,
        views: Viewing,
        outside_changed: Callable[[Usage], Difference | None],
        files: ServiceFiles,
        has_content: Callable[[str], bool],
    ) -> None:
        self._database = database
        self._commits = commits
        self._settlement = settlement
        self._recall = recall
        self._looks = looks
        self._views = views
        self._outside_changed = outside_changed
        self._files = files
        self._has_content = has_content
        self._undecided: dict[JobId, None] = {}
        self._is_working = False
        self._tasks = Tasks(_log, "whether calls are answered could not be found out")
        commits.subscribe(self._after_commit)

    async def stop(self) -> None:
        """Decide on nothing more; the next start asks again."""
        self._undecided.clear()
        await self._tasks.stop()

    def _after_commit(self, effects: Effects) -> None:
        if effects.undecided:
            self._undecided.update(dict.fromkeys(effects.undecided))
            if not self._is_working:
                self._is_working = True
                self._tasks.spawn(self._work())

    async def look_ahead(self, user: str, plans: Sequence[Planned], accepted: datetime) -> bool:
        """Look at what may answer many jobs, so that the transaction that writes them knows.

        Tell whether all of it looks answered: those are that wait for none of the others. What is
        not found out here, is after it.
        """
        if len(plans) < _MANY:
            return False
        try:
            return await in_thread(
                self._database.read, lambda c: self._look_ahead(c, user, plans, accepted)
            )
        except Exception:  # noqa: BLE001 (it is looked at again)
            _log.exception("%d jobs are looked at later", len(plans))
        return False

    async def _work(self) -> None:
        try:
            while self._undecided:
                some = list(self._undecided)[:_AT_ONCE]
                for job in some:
                    del self._undecided[job]
                judged = await self._judged(some)
                await self._commits.settle(partial(self._settlement.judged, judged=judged))
        finally:
            self._is_working = False

    async def _judged(self, jobs: Sequence[JobId]) -> dict[str, Judged]:
        """Return what was found out for each of ``jobs``; where that fails, they run."""
        found: dict[str, Judged] = {job: Judged() for job in jobs}
        try:
            found |= await in_thread(self._database.read, lambda c: self._look(c, jobs))
        except Exception:  # noqa: BLE001 (they are no worse for it)
            _log.exception("%d jobs run, since what was run before could not be read", len(jobs))
        return found

    # -- in a thread

    def _look_ahead(
        self, connection: Connection, user: str, plans: Sequence[Planned], accepted: datetime
    ) -> bool:
        asked = self._recall.first_asked(connection, user, plans, text_of(accepted))
        keys = self._recall.keys(connection, asked, {}, writes=False)
        candidates = memo_rows.candidates(connection, keys.values())
        look = _Look(self, connection, now())
        answered = [
            look.compare(each, candidates.get(keys.get(each.job, ""), [])) for each in asked
        ]
        is_asked = all(plan.shape is not None for plan in plans)
        return bool(answered) and all(answered) and is_asked and not self._recall.checks

    def _look(self, connection: Connection, jobs: Iterable[str]) -> dict[str, Judged]:
        asked, _ = memo_rows.asked(connection, jobs)
        found: dict[str, Judged] = {
            each.job: Judged(contents=self._files.contents(each.shape.files, each.user))
            for each in asked
        }
        keys = self._recall.keys(connection, asked, found, writes=False)
        candidates = memo_rows.candidates(connection, keys.values())
        look = _Look(self, connection, now())
        for each in asked:
            if each.job in keys:
                good, why = look.best(each, candidates.get(keys[each.job], []))
                found[each.job] = Judged(
                    contents=found[each.job].contents, good=good, why=None if good else why
                )
        return found

    def usage(self, connection: Connection, digest: str) -> Usage | None:
        """Return a usage, read once; None for one that cannot be read."""
        known = self._looks.usage(digest)
        if known is None:
            try:
                known = Usage.from_json(memo_rows.usage_of(connection, digest))
            except UsageError:
                return None
            self._looks.know(digest, known)
        return known

    def difference(self, usage: Usage, digest: str, then: str, lock_hash: str) -> str | None:
        """Say what of a usage is another in a lock; None where nothing is."""
        view = self._views.view(LockHash(lock_hash))
        if view is None:
            return "it is in another environment, whose wheels are not all here"
        found = difference(usage, view, self._views.view(LockHash(then)))
        change = None if found is None else str(found)
        self._looks.compared(digest, lock_hash, change)
        return change

    def outside(self, usage: Usage, digest: str, moment: str) -> str | None:
        """Say what of a usage beside its environment is another; None where nothing is."""
        found = self._outside_changed(usage)
        if found is None:
            self._looks.unchanged(digest, moment)
        return None if found is None else str(found)

    def is_written(self, connection: Connection, asked: Asked, run: JobId) -> bool:
        """Tell whether the file on the service that a call writes is as ``run`` left it."""
        output = asked.shape.output
        if output is None:
            return True
        left = memo_rows.output_of_run(connection, run, output)
        return left is not None and left == self._files.digest(output, asked.user)

    def has_all(self, run: Candidate) -> bool:
        """Tell whether the files that ``run`` left are here, whole."""
        return all(map(self._has_content, run.files))


@dataclass
class _Look:
    """One look for many jobs: what it has found out of a usage it does not look for again."""

    desk: MemoDesk
    connection: Connection
    moment: str
    within: dict[tuple[str, str], str | None] = field(default_factory=dict)
    beside: dict[str, str | None] = field(default_factory=dict)

    def best(self, asked: Asked, candidates: Sequence[Candidate]) -> tuple[list[JobId], str | None]:
        """Return the newest run that answers ``asked``; else why the newest one does not."""
        why = None
        ended = [each for each in candidates if each.status is JobState.COMPLETED]
        for each in ended[:_MOST_CANDIDATES]:
            against = self._against(asked, each)
            if against is None:
                return [each.job], None
            why = why or f"{against} since job {brief(each.job)}"
        return [], why

    def compare(self, asked: Asked, candidates: Sequence[Candidate]) -> bool:
        """Look for a run that is as ``asked``; what is found out is remembered."""
        ended = (each for each in candidates if each.status is JobState.COMPLETED)
        return any(self._changed(asked, each) is None for each in islice(ended, _MOST_CANDIDATES))

    def _against(self, asked: Asked, run: Candidate) -> str | None:
        """Say why ``run`` does not answer ``asked``; None where it does."""
        changed = self._changed(asked, run)
        if changed is None and not self.desk.has_all(run):
            return "not all that was left is here any more"
        return changed

    def _changed(self, asked: Asked, run: Candidate) -> str | None:
        """Say what is another for ``asked`` than it was for ``run``; None where nothing is."""
        is_same_lock = run.lock_hash == asked.lock_hash
        if run.usage is None:
            return None if is_same_lock else "its environment is another"
        usage = self.desk.usage(self.connection, run.usage)
        if usage is None:
            return "what it used cannot be read"
        changed = None if is_same_lock else self._within(asked, run, run.usage, usage)
        changed = changed or self._beside(run.usage, usage)
        if changed is None and not self.desk.is_written(self.connection, asked, run.job):
            return f"{asked.shape.output} is not as it was left"
        return changed

    def _within(self, asked: Asked, run: Candidate, digest: str, usage: Usage) -> str | None:
        """Say what of a usage is another in the lock of ``asked``."""
        if usage.only_this_lock is not None:
            return f"its environment is another, and {usage.only_this_lock},"
        pair = (digest, asked.lock_hash)
        if pair not in self.within:
            changed = self.desk.difference(usage, digest, run.lock_hash, asked.lock_hash)
            self.within[pair] = changed
        return self.within[pair]

    def _beside(self, digest: str, usage: Usage) -> str | None:
        """Say what of a usage beside its environment is another."""
        if digest not in self.beside:
            self.beside[digest] = self.desk.outside(usage, digest, self.moment)
        return self.beside[digest]
