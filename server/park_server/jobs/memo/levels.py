"""New jobs level by level: who may start once those before it have been answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from park.model.ids import JobId

__all__ = ["Levels"]


class Levels:
    """Jobs, each with what it ``waits`` for: the ids of other jobs, or of what never comes here.

    >>> levels = Levels({JobId("a"): [], JobId("b"): ["a"], JobId("c"): ["a", "b"]})
    >>> levels.first(), levels.after(["a"]), levels.after(["b"])
    (['a'], ['b'], ['c'])
    """

    def __init__(self, waits: Mapping[JobId, Collection[str]]) -> None:
        self._missing = {job: len(set(needed)) for job, needed in waits.items()}
        self._waiters: defaultdict[str, list[JobId]] = defaultdict(list)
        for job, needed in waits.items():
            for each in set(needed):
                self._waiters[each].append(job)

    def first(self) -> list[JobId]:
        """Return those that wait for nothing."""
        return [job for job, missing in self._missing.items() if not missing]

    def after(self, done: Iterable[str]) -> list[JobId]:
        """Return those that wait for nothing more, now that ``done`` are; each job is done once."""
        free: list[JobId] = []
        for each in done:
            for job in self._waiters.get(each, ()):
                self._missing[job] -= 1
                if not self._missing[job]:
                    free.append(job)
        return free
