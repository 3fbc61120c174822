"""Named pools of a service's resources: who holds units of them, and who waits for some.

They belong to the thread that writes to the database, and say what its transaction will
have made true; where one is rolled back they are made anew from the rows (`Pools.reset`).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from park.model.conditions import AtLeast, Expression, Pool, describe, leaves
from park.model.ids import JobId
from park.model.truth import TRUE, Verdict, never
from park.wire import PoolRecord

__all__ = ["Pools", "claim"]

Units = dict[str, int]

_Queue = tuple[str, frozenset[str]]
"""Who waits, and for which pools."""


class Pools:
    """The pools of a service; ``sizes`` are its operator's.

    Users take turns: what comes free is offered first to who holds least of it, then to who
    was served longest ago. The jobs of one user come in their order.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = dict(sizes)
        self._taken: Counter[str] = Counter()
        self._held: dict[JobId, tuple[str, Units]] = {}
        self._held_by: dict[str, Counter[str]] = {}
        self._turns: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._queues: dict[_Queue, dict[JobId, None]] = {}
        self._is_open = True

    def records(self) -> list[PoolRecord]:
        """Return the pools by name."""
        return [
            PoolRecord(name=name, size=size, taken=self._taken[name])
            for name, size in sorted(self._sizes.items())
        ]

    def verdict_of(self, pool: Pool) -> Verdict:
        """Return *true* where the service has that many, whoever holds them; else *never*."""
        size = self._sizes.get(pool.name)
        if size is None:
            known = ", ".join(sorted(self._sizes)) or "none"
            return never(f"needs {pool.count} of {pool.name}; the pools here: {known}")
        if size < pool.count:
            return never(f"needs {pool.count} of {pool.name}, which has {size}")
        return TRUE

    def excess(self, expression: Expression) -> str:
        """Say that no pool is large enough for all that ``expression`` names together."""
        asked = dict.fromkeys(leaf for leaf in leaves(expression) if isinstance(leaf, Pool))
        there = {leaf.name: f"{leaf.name} has {self._sizes.get(leaf.name, 0)}" for leaf in asked}
        texts = " and ".join(describe(leaf) for leaf in asked)
        return f"needs {texts} at once; {', '.join(there.values())}"

    @property
    def sizes(self) -> Units:
        """All units, whoever holds them, by pool."""
        return self._sizes

    @property
    def free(self) -> Units:
        """The units that nobody holds, by pool."""
        return {name: size - self._taken[name] for name, size in self._sizes.items()}

    def reset(self, held: Iterable[tuple[JobId, str, Units]]) -> None:
        """Begin anew with what jobs hold according to their rows; nobody waits yet.

        Nothing is given out before `open` says that all are known who wait: whoever comes
        first now is not the one who came first.
        """
        self._is_open = False
        self._queues.clear()
        self._taken = Counter()
        self._held, self._held_by = {}, {}
        for job, user, units in held:
            self._hold(job, user, units)

    def open(self, order: Sequence[JobId] = ()) -> None:
        """Give out what is free from now on; who waits stands as in ``order``, then others."""
        places = {job: place for place, job in enumerate(order)}
        for key, queue in self._queues.items():
            in_order = sorted(queue, key=lambda job: places.get(job, len(places)))
            self._queues[key] = dict.fromkeys(in_order)
        self._is_open = True

    def take(self, job: JobId, user: str, units: Units) -> None:
        """Note that ``job`` of ``user`` holds ``units``."""
        self._turns[user] = next(self._numbers)
        self._hold(job, user, units)

    def _hold(self, job: JobId, user: str, units: Units) -> None:
        self._held[job] = (user, units)
        self._taken.update(units)
        self._held_by.setdefault(user, Counter()).update(units)

    def give_back(self, job: JobId) -> None:
        """Note that ``job`` holds nothing any more."""
        if (held := self._held.pop(job, None)) is not None:
            user, units = held
            self._taken.subtract(units)
            self._held_by[user].subtract(units)

    def queue(self, job: JobId, user: str, expression: Expression) -> None:
        """Have ``job`` wait for the pools that ``expression`` names, behind others of ``user``."""
        names = frozenset(leaf.name for leaf in leaves(expression) if isinstance(leaf, Pool))
        self._queues.setdefault((user, names), {})[job] = None

    def serve(self, is_served: Callable[[JobId], bool]) -> None:
        """Offer what is free to those who wait, in turn.

        ``is_served`` tells whether a job is served now (or waits no longer). One that is not
        keeps the pools that it names for itself, else large requests would starve.
        """
        if not self._is_open:
            return
        kept: set[str] = set()
        while (first := self._first(kept)) is not None:
            queue = self._queues[first]
            job = next(iter(queue))
            if is_served(job):
                queue.pop(job, None)
            else:
                kept |= first[1]

    def _first(self, kept: set[str]) -> _Queue | None:
        """Return whose turn it is, of those who wait for nothing that is ``kept``."""
        self._queues = {key: queue for key, queue in self._queues.items() if queue}
        open_to = (key for key in self._queues if not key[1] & kept)
        return min(open_to, key=self._turn_of, default=None)

    def _turn_of(self, key: _Queue) -> tuple[int, int, str]:
        user, names = key
        held = self._held_by.get(user, Counter())
        has = sum(held[name] for name in names)
        return has, self._turns.get(user, 0), next(iter(self._queues[key]))


def claim(expression: Expression, holds: Callable[[Expression], bool], free: Units) -> Units | None:
    """Return the units to take so that ``expression`` holds, or None where too few are free.

    ``holds`` tells whether a leaf, or its negation, is true. Parts without a choice
    come first, so that a choice is left what they leave.
    """
    return _claimed(expression, holds, free, {})


def _claimed(
    expression: Expression, holds: Callable[[Expression], bool], free: Units, taken: Units
) -> Units | None:
    match expression:
        case Pool(name=name, count=count):
            sum_of = taken.get(name, 0) + count
            return {**taken, name: sum_of} if sum_of <= free.get(name, 0) else None
        case AtLeast(count=count, parts=parts):
            missing = count
            for part in sorted(parts, key=_choices):
                if missing <= 0:
                    break
                more = _claimed(part, holds, free, taken)
                if more is not None:
                    taken, missing = more, missing - 1
            return taken if missing <= 0 else None
        case part:
            return taken if holds(part) else None


def _choices(part: Expression) -> int:
    """Return 0 for what takes nothing, 1 for what takes something certain, 2 for a choice."""
    if isinstance(part, AtLeast):
        return 1 if part.is_all else 2
    return 1 if isinstance(part, Pool) else 0
