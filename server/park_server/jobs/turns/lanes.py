"""Jobs that wait for slots: each user's in their order, and whose turn it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from park.model.ids import JobId
from park_server.jobs.turns.fair_order import FairOrder

__all__ = ["Ahead", "Lanes"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ahead:
    """How many jobs come before one: the ``own`` of its user, and about how many of ``others``.

    ``held`` says why no job of its user may start now, where that is so.
    """

    own: int
    others: int = 0
    held: str | None = None

    def told(self) -> str:
        """Return it after a comma, for people.

        >>> Ahead(own=0).told(), Ahead(own=1).told()
        (', and it is the next', ', and 1 job comes before it')
        >>> Ahead(own=2, others=3).told()
        ', and about 5 jobs come before it: 2 of yours, 3 of others, who take turns with you'
        """
        count = self.own + self.others
        if count == 0:
            return ", and it is the next"
        come = f"{count} {'job comes' if count == 1 else 'jobs come'} before it"
        if not self.others:
            return f", and {come}"
        whose = f"{self.own} of yours, {self.others} of others" if self.own else "of others"
        return f", and about {come}: {whose}, who take turns with you"


class Lanes:
    """The jobs that wait, by user. All methods belong to the event loop, but `ahead_of`.

    ``order`` hears who waits, and says whose turn it is; a job that leaves its lane has started
    or never will, which it is told by whoever knows. ``why_held`` tells why no job of a user may
    start now; he has no turn then, until `reconsider` looks again.
    """

    def __init__(
        self,
        order: FairOrder,
        clock: Callable[[], float],
        why_held: Callable[[str], str | None],
    ) -> None:
        self._order = order
        self._clock = clock
        self._why_held = why_held
        self._held: set[str] = set()
        self._lanes: dict[str, deque[JobId]] = {}

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def add(self, jobs: Iterable[tuple[str, JobId]]) -> None:
        """Put jobs, each with its user, behind all others of that user."""
        new = []
        for user, job in jobs:
            if user not in self._lanes:
                self._lanes[user] = deque()
                new.append(user)
            self._lanes[user].append(job)
        self._order.enter_all(new, self._clock())

    def add_first(self, jobs: Sequence[tuple[str, JobId]]) -> None:
        """Put jobs before all others of their users, in their order."""
        for user, job in reversed(jobs):
            if user in self._lanes:
                self._lanes[user].appendleft(job)
            else:
                self.add([(user, job)])

    def turn(self) -> str | None:
        """Return whose turn it is, None where nobody waits."""
        while (user := self._order.first()) is not None and self._why_held(user) is not None:
            self._order.leave(user)
            self._held.add(user)
        return user

    def reconsider(self, users: Collection[str] | None = None) -> None:
        """Let those of ``users`` (None: all) have turns again who were held, if they still are."""
        if self._held:
            found = self._held if users is None else self._held.intersection(users)
            self._held = self._held - found
            self._order.enter_all(sorted(found & self._lanes.keys()), self._clock())

    def head(self, user: str, most: int) -> list[JobId]:
        """Return the first jobs of ``user``, at most so many."""
        return list(islice(self._lanes[user], most))

    def pop(self, user: str) -> JobId:
        """Take the first job of ``user`` out of his lane."""
        lane = self._lanes[user]
        job = lane.popleft()
        if not lane:
            self._forget(user)
        return job

    def clear(self) -> None:
        """Have nobody wait."""
        for user in list(self._lanes):
            self._forget(user)

    def _forget(self, user: str) -> None:
        del self._lanes[user]
        self._held.discard(user)
        self._order.leave(user)

    def ahead_of(self, job: JobId, user: str) -> Ahead | None:
        """Return how many come before ``job``, None where it is not here; from any thread."""
        # CPython copies a deque, and a dict, of what is no Python code's without a pause
        lanes = dict(self._lanes)
        try:
            place = list(lanes.get(user, ())).index(job)
        except ValueError:
            return None
        lengths = {other: len(lane) for other, lane in lanes.items()}
        others = self._order.expected_before(user, place, lengths)
        return Ahead(own=place, others=others, held=self._why_held(user))
