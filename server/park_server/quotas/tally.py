"""Which jobs each user has that have not ended, and which of these run: in memory, by event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from park.model.ids import JobId

__all__ = ["Tally"]


class Tally:
    """Counts jobs by user. All methods belong to the event loop, but those that only read.

    A job that has ended runs until its slot is free: its processes may take a moment longer.
    """

    def __init__(self) -> None:
        self._users: dict[JobId, str] = {}
        self._runs: dict[JobId, tuple[str, int]] = {}
        self._unfinished: Counter[str] = Counter()
        self._running: Counter[str] = Counter()
        self._cores: Counter[str] = Counter()

    def take_up(self, unfinished: Mapping[str, Collection[JobId]]) -> None:
        """Count the jobs of each user that a stopped service left."""
        for user, jobs in unfinished.items():
            self.add(user, jobs)

    def add(self, user: str, jobs: Collection[JobId]) -> list[JobId]:
        """Count ``jobs`` of ``user``; return those that were not counted before."""
        asked = dict.fromkeys(jobs, user)
        new = [job for job in asked if job not in self._users] if self._users else list(asked)
        if new:
            self._users.update(asked if len(new) == len(asked) else dict.fromkeys(new, user))
            self._unfinished[user] += len(new)
        return new

    def drop(self, jobs: Iterable[JobId]) -> None:
        """Count ``jobs`` no longer, which have ended, or were never accepted."""
        for job in jobs:
            if (user := self._users.pop(job, None)) is not None:
                _less(self._unfinished, user, 1)

    def started(self, user: str, job: JobId, cores: int = 1) -> None:
        """Note that ``job`` runs now."""
        if job not in self._runs:
            self.add(user, [job])
            self._runs[job] = (user, cores)
            self._running[user] += 1
            self._cores[user] += cores

    def stopped(self, job: JobId) -> str | None:
        """Note that ``job`` runs no more; return whose it is, None where it did not run.

        It may have ended, or wait again.
        """
        if (run := self._runs.pop(job, None)) is None:
            return None
        user, cores = run
        _less(self._running, user, 1)
        _less(self._cores, user, cores)
        return user

    def waiting(self, user: str) -> int:
        """Return how many jobs of ``user`` are accepted and do not run."""
        return max(0, self._unfinished[user] - self._running[user])

    def running(self, user: str) -> int:
        """Return how many jobs of ``user`` run."""
        return self._running[user]

    def cores(self, user: str) -> int:
        """Return how many cores the running jobs of ``user`` have."""
        return self._cores[user]


def _less(counter: Counter[str], user: str, count: int) -> None:
    """Take ``count`` away, and forget who has nothing left."""
    counter[user] -= count
    if counter[user] <= 0:
        del counter[user]
