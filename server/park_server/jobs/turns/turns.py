"""The turns of a service's users: by the clock, and written down for a restart now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from park.model.ids import JobId
from park_server.jobs.turns.fair_order import Account, FairOrder
from park_server.jobs.turns.lanes import Lanes
from park_server.quotas.quotas import Quotas

__all__ = ["Turns"]

_NOTED_EVERY_S = 1.0
"""How often the account of a user is written: what is lost by a crash is charged once less."""


class Turns:
    """Who waits in his lane, and who has had slots. All methods belong to the event loop.

    ``quotas`` tell what part of the slots each has, and who may have no more of them.
    """

    def __init__(
        self, quotas: Quotas | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._quotas = quotas = quotas or Quotas.without_limits()
        self._order = FairOrder(quotas.weight_of)
        self.lanes = Lanes(self._order, clock, quotas.why_held)
        self._noted: dict[str, float] = {}
        self._others: list[Turns] = []

    def resume(self, accounts: Mapping[str, Account]) -> None:
        """Go on with the ``accounts`` of an earlier service."""
        self._order.resume(accounts)

    def beside(self) -> Turns:
        """Return the turns of those who wait for something else than these slots."""
        self._others.append(Turns(self._quotas, self._clock))
        return self._others[-1]

    def took(self, user: str, job: JobId, cores: int = 1, *, in_turn: bool = True) -> None:
        """Note that ``job`` has started on so many ``cores``; ``in_turn``: it took slots."""
        self._quotas.tally.started(user, job, cores)
        if in_turn:
            self._order.took(user, job, self._clock(), slots=cores)

    def found(self, user: str, job: JobId, cores: int = 1, *, in_turn: bool = True) -> None:
        """Note that ``job`` runs since an earlier service."""
        self._quotas.tally.started(user, job, cores)
        if in_turn:
            self._order.found(user, job, self._clock(), slots=cores)

    def gave_back(self, job: JobId) -> None:
        """Note that the slot of ``job`` is free again; of one that has none, nothing."""
        self._order.gave_back(job, self._clock())
        if (user := self._quotas.tally.stopped(job)) is not None:
            self.reconsider(self._quotas.fellows(user))

    def reconsider(self, users: Collection[str] | None = None) -> None:
        """Let those of ``users`` (None: all) have turns again who were held, if they still are."""
        for each in (self, *self._others):
            each.lanes.reconsider(users)

    def may_start(self, user: str) -> bool:
        """Tell whether a further job of ``user`` may start."""
        return self._quotas.may_start(user)

    def noted(self, user: str) -> Account | None:
        """Return the account of ``user`` as it is to be written now; None where that can wait.

        While there is one user alone, it is never needed.
        """
        now, account = self._clock(), self._order.accounts.get(user)
        is_early = now - self._noted.get(user, -_NOTED_EVERY_S) < _NOTED_EVERY_S
        if account is None or is_early or len(self._order.accounts) == 1:
            return None
        self._noted[user] = now
        return replace(account)
