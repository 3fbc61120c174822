"""Whose turn it is: start-time fair queueing of users, in slot-seconds.

Each user has a tag: the slot-seconds that he was charged, by his weight. The turn is of who
has the smallest tag among those that wait, and of who had his last turn longest ago where two
are alike. A start is charged at once with what a job of that user usually takes, and its end
corrects that, so that nobody fills all slots before his first job has ended.

Whoever comes to wait is given the smallest tag of those who do, unless his own is larger: he
neither saves up turns while he has no jobs, nor stands behind a flood. Where nobody waited,
nobody was kept from a slot, and all begin alike: what was used then is nobody's debt.

After Goyal, Vin and Cheng, "Start-time Fair Queueing" (SIGCOMM 1996), with many slots and
lengths that are known afterwards only.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Account", "FairOrder"]

_UNKNOWN_S = 1.0
"""What the first job of all is taken to last, in seconds."""

_GAIN = 1 / 8
"""How much a job counts in what one usually takes (RFC 6298, section 2, has it for round trips)."""

_LEAST_S = 1e-3
"""What each start is charged at least, in seconds: starting a job costs about that."""

_SPARE = 64
"""Entries of the heap that are out of date and may stay, besides as many as are in use."""


@dataclass(kw_only=True, slots=True)
class Account:
    """What is known of a user; ``charged`` is his tag, ``turn`` the number of his last turn.

    ``usual_s``: what a job of his takes, in seconds; None before the first has ended.
    """

    charged: float = 0.0
    turn: int = 0
    usual_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """A slot that is taken since ``since``, and what was charged for it in advance."""

    user: str
    since: float
    weight: float
    in_advance_s: float
    period: int


class FairOrder:
    """The users who wait, in the order of their turns; each step is O(log users).

    ``weight_of`` tells what part of the slots a user has, as a number above zero: who has 2 gets
    twice as much as who has 1. Moments are seconds of one clock that never goes back.
    """

    def __init__(self, weight_of: Callable[[str], float] = lambda _: 1.0) -> None:
        self._weight_of = weight_of
        self.accounts: dict[str, Account] = {}
        self._waiting: dict[str, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._held: dict[Hashable, _Held] = {}
        self._turns = 0
        self._usual_s = _UNKNOWN_S
        self._most = 0.0
        self._floor = 0.0
        self._period = 0
        self._period_began = 0.0
        self._goes_on = False

    def resume(self, accounts: Mapping[str, Account]) -> None:
        """Go on with the ``accounts`` of before: those who waited then do so still."""
        self.accounts = dict(accounts)
        self._turns = max((each.turn for each in accounts.values()), default=0)
        self._most = max((each.charged for each in accounts.values()), default=0.0)
        self._goes_on = bool(accounts)

    # -- who waits

    def enter(self, user: str, now: float) -> None:
        """Have ``user`` wait for slots, who may do so already."""
        self.enter_all([user], now)

    def enter_all(self, users: Iterable[str], now: float) -> None:
        """Have each of ``users`` wait; those who are the first after `resume` did so before."""
        for user in users:
            if user not in self._waiting:
                self._enter(user, now)
        self._goes_on = False

    def _enter(self, user: str, now: float) -> None:
        account = self.accounts.setdefault(user, Account())
        if not self._goes_on:
            if not self._waiting:
                self._begin_period(now)
            self._floor = self._least()
            account.charged = max(account.charged, self._floor)
        self._place(user, account)

    def _begin_period(self, now: float) -> None:
        self._period += 1
        self._period_began = now
        self._floor = self._most

    def _least(self) -> float:
        """Return the smallest tag of those who wait; where nobody does, what all begin with."""
        first = self.first()
        return self._floor if first is None else self._waiting[first][0]

    def leave(self, user: str) -> None:
        """Have ``user`` wait no longer."""
        self._waiting.pop(user, None)

    def first(self) -> str | None:
        """Return whose turn it is, None where nobody waits."""
        while self._heap:
            *key, user = self._heap[0]
            if self._waiting.get(user) == tuple(key):
                return user
            heapq.heappop(self._heap)
        return None

    def expected_before(self, user: str, place: int, lengths: Mapping[str, int]) -> int:
        """Return about how many jobs of others start before the one of ``user`` at ``place``.

        ``lengths`` are the jobs that each user has waiting; from any thread.
        """
        waiting = dict(self._waiting)
        if (key := waiting.pop(user, None)) is None:
            return 0
        by_then = key[0] + place * self._step(user)
        return sum(
            min(lengths.get(other, 0), self._starts(other, tag, by_then, is_first=turn < key[1]))
            for other, (tag, turn) in waiting.items()
        )

    def _starts(self, user: str, tag: float, by_then: float, *, is_first: bool) -> int:
        """Return how often it is the turn of ``user`` before the tag of another is ``by_then``."""
        if tag == by_then:
            return int(is_first)
        return max(0, math.ceil((by_then - tag) / self._step(user)))

    def _step(self, user: str) -> float:
        """Return how much a usual job of ``user`` adds to his tag."""
        return self._usual_of(user) / self._weight_of(user)

    def _usual_of(self, user: str) -> float:
        usual_s = self.accounts[user].usual_s
        return max(_LEAST_S, self._usual_s if usual_s is None else usual_s)

    def _place(self, user: str, account: Account) -> None:
        """Put ``user`` where his account says."""
        key = self._waiting[user] = (account.charged, account.turn)
        heapq.heappush(self._heap, (*key, user))
        if len(self._heap) > 2 * len(self._waiting) + _SPARE:
            self._heap = [(*each, name) for name, each in self._waiting.items()]
            heapq.heapify(self._heap)

    # -- who has slots

    def took(self, user: str, run: Hashable, now: float, *, slots: int = 1) -> None:
        """Charge ``user`` for a ``run`` that has taken ``slots`` of them."""
        account = self.accounts.setdefault(user, Account())
        usual_s = self._usual_of(user)
        self._turns += 1
        account.turn = self._turns
        self._hold(user, run, now, in_advance_s=usual_s, slots=slots)
        self._charge(user, usual_s / self._held[run].weight)

    def found(self, user: str, run: Hashable, now: float, *, slots: int = 1) -> None:
        """Note a ``run`` that an earlier service has charged in advance."""
        self.accounts.setdefault(user, Account())
        self._hold(user, run, now, in_advance_s=0.0, slots=slots)

    def _hold(
        self, user: str, run: Hashable, now: float, *, in_advance_s: float, slots: int
    ) -> None:
        self._held[run] = _Held(
            user=user,
            since=now,
            weight=self._weight_of(user) / slots,
            in_advance_s=in_advance_s,
            period=self._period,
        )

    def gave_back(self, run: Hashable, now: float) -> None:
        """Charge for what ``run`` really took, since its slot is free again."""
        if (held := self._held.pop(run, None)) is None:
            return
        used = now - held.since
        account = self.accounts[held.user]
        before = used if account.usual_s is None else account.usual_s
        account.usual_s = before + _GAIN * (used - before)
        self._usual_s += _GAIN * (used - self._usual_s)
        if held.period == self._period:
            self._charge(held.user, (used - held.in_advance_s) / held.weight)
        else:  # what it took before somebody had to wait is nobody's debt
            self._charge(held.user, (now - self._period_began) / held.weight)

    def _charge(self, user: str, more: float) -> None:
        """Add to a tag; what comes back leaves it above those of who came to wait since."""
        account = self.accounts[user]
        account.charged = max(account.charged + more, min(account.charged, self._floor))
        self._most = max(self._most, account.charged)
        if user in self._waiting:
            self._place(user, account)
