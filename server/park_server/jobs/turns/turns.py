"""The turns of a service's users: by the clock, and written down for a restart now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from park.model.ids import JobId
from park_server.jobs.turns import turn_rows
from park_server.jobs.turns.fair_order import Account, FairOrder
from park_server.jobs.turns.lanes import Lanes

__all__ = ["Turns"]

_NOTED_EVERY_S = 1.0
"""How often the account of a user is written: what is lost by a crash is charged once less."""


class Turns:
    """Who waits in his lane, and who has had slots. All methods belong to the event loop.

    ``weight_of`` as `FairOrder` has it.
    """

    def __init__(
        self,
        weight_of: Callable[[str], float] = lambda _: 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._order = FairOrder(weight_of)
        self.lanes = Lanes(self._order, clock)
        self._noted: dict[str, float] = {}

    def resume(self, accounts: Mapping[str, Account]) -> None:
        """Go on with the ``accounts`` of an earlier service."""
        self._order.resume(accounts)

    def took(self, user: str, job: JobId) -> None:
        """Note that ``job`` has taken a slot."""
        self._order.took(user, job, self._clock())

    def found(self, user: str, job: JobId) -> None:
        """Note that ``job`` has a slot since an earlier service."""
        self._order.found(user, job, self._clock())

    def gave_back(self, job: JobId) -> None:
        """Note that the slot of ``job`` is free again; of one that has none, nothing."""
        self._order.gave_back(job, self._clock())

    def note(self, user: str) -> Callable[[Connection], None] | None:
        """Return what writes the account of ``user`` down; None where that can wait.

        While there is one user alone, it is never needed.
        """
        now, account = self._clock(), self._order.accounts.get(user)
        is_early = now - self._noted.get(user, -_NOTED_EVERY_S) < _NOTED_EVERY_S
        if account is None or is_early or len(self._order.accounts) == 1:
            return None
        self._noted[user] = now
        return partial(turn_rows.write, user=user, account=replace(account))
