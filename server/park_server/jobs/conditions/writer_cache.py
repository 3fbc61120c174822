"""What the writer's thread remembers of jobs that wait, and when it has to look again."""

from __future__ import annotations

from collections import OrderedDict

from sqlalchemy import Engine, event

from park.model.ids import JobId
from park_server.jobs.conditions.pools import Pools
from park_server.jobs.conditions.progress_log import Reports
from park_server.jobs.conditions.recall import Memory, NoMemory
from park_server.jobs.conditions.tally import Tally

__all__ = ["WriterCache"]

_MOST_LEAVES = 200_000
"""Of all tallies together: some 40 MB, and 30 ms of a full garbage collection, which holds every
thread. Those that were not asked for longest are made anew."""


class WriterCache:
    """Tallies and pools as the current transaction will have made them.

    Where a transaction that changed them is rolled back, they are stale, and made anew from
    the rows. ``starts`` are jobs whose start somebody waits for, ``remote`` those that wait
    for, or hold grants of, other services; in these a name too many does no harm.
    """

    def __init__(
        self, engine: Engine, *, pools: Pools, reports: Reports, memory: Memory | None = None
    ) -> None:
        self.pools = pools
        self.memory: Memory = memory or NoMemory()
        self.reports = reports
        self.starts: set[JobId] = set()
        self.remote: set[JobId] = set()
        self.is_stale = True
        self._tallies: OrderedDict[JobId, Tally] = OrderedDict()
        self._leaves = 0
        self._touched_in_change = False
        self._touched_in_batch = False
        event.listen(engine, "savepoint", self._on_savepoint)
        event.listen(engine, "rollback_savepoint", self._on_undone_change)
        event.listen(engine, "rollback", self._on_undone_batch)
        event.listen(engine, "commit", self._on_commit)

    def clear(self) -> None:
        """Forget what waits; whoever calls this makes it anew."""
        self._tallies.clear()
        self._leaves = 0
        self.is_stale = False
        self.touch()

    def touch(self) -> None:
        """Note that the current change has changed what is remembered."""
        self._touched_in_change = self._touched_in_batch = True

    def tally(self, job: JobId) -> Tally | None:
        """Return what is known of the condition of ``job``."""
        found = self._tallies.get(job)
        if found is not None:
            self._tallies.move_to_end(job)
        return found

    def keep(self, job: JobId, tally: Tally) -> None:
        """Remember the condition of ``job``."""
        self.forget(job)
        self._tallies[job] = tally
        self._leaves += tally.size
        self.touch()
        while self._leaves > _MOST_LEAVES and len(self._tallies) > 1:
            self.forget(next(iter(self._tallies)))

    def forget(self, job: JobId) -> None:
        """Remember the condition of ``job`` no longer."""
        tally = self._tallies.pop(job, None)
        if tally is not None:
            self._leaves -= tally.size

    def _on_savepoint(self, *_: object) -> None:
        self._touched_in_change = False

    def _on_undone_change(self, *_: object) -> None:
        self.is_stale = self.is_stale or self._touched_in_change

    def _on_undone_batch(self, *_: object) -> None:
        self.is_stale = self.is_stale or self._touched_in_batch
        self._touched_in_batch = False

    def _on_commit(self, *_: object) -> None:
        self._touched_in_batch = False
