"""What the audit log notes of logins that failed: each, and of a flood how many and of whom.

Whoever reaches the service can fail, from as many addresses as he has, so that entries of each one
would fill the disk. The first of an hour stand there one by one; the rest is counted, and what
was counted is an entry from time to time (`FoldedEntries`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection

from park_server.trust import audit
from park_server.trust.audit import Actor

__all__ = ["FailedLogins", "Folded"]

_HOUR_S = 3_600.0

_ONE_BY_ONE = 200
"""In an hour: more than people mistype, and enough to see what is going on."""

_MOST_NAMES = 1_000
_TOLD = 10
"""Names and addresses that are counted apart, and those of them that an entry tells: the most."""

_LONGEST_NAME = 64

_ACTION = "login.failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Folded:
    """Failures that were counted: how many of which name, and from which address."""

    users: Counter[str] = field(default_factory=Counter)
    addresses: Counter[str] = field(default_factory=Counter)

    def add(self, other: Folded) -> None:
        """Count those of ``other`` as well."""
        for mine, theirs in ((self.users, other.users), (self.addresses, other.addresses)):
            for name, count in theirs.items():
                _count(mine, name, count)

    def write(self, connection: Connection) -> None:
        """Write one entry of all of them."""
        audit.append(
            connection,
            audit.SERVICE,
            _ACTION,
            "many",
            others=self.users.total(),
            users=dict(self.users.most_common(_TOLD)),
            addresses=dict(self.addresses.most_common(_TOLD)),
        )


class FailedLogins:
    """Counts the logins that failed; moments are seconds of ``clock``."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun = clock()
        self._noted = 0
        self._folded = Folded()

    def entries(self, actor: Actor, subject: str, **data: Any) -> audit.Change | None:
        """Count a failure; return what is to be written of it by itself, if it is."""
        if self._clock() - self._begun >= _HOUR_S:
            self._begun, self._noted = self._clock(), 0
        if self._noted >= _ONE_BY_ONE:
            _count(self._folded.users, subject[:_LONGEST_NAME])
            _count(self._folded.addresses, actor.address)
            return None
        self._noted += 1
        return partial(_written, actor=actor, subject=subject, data=data)

    def taken(self) -> Folded | None:
        """Return those that no entry tells yet, which are whoever's who takes them; None: none."""
        if not self._folded.users:
            return None
        folded, self._folded = self._folded, Folded()
        return folded

    def give_back(self, folded: Folded) -> None:
        """Count again what was taken and could not be written."""
        self._folded.add(folded)


def _written(connection: Connection, actor: Actor, subject: str, data: dict[str, Any]) -> None:
    audit.append(connection, actor, _ACTION, subject, **data)


def _count(counter: Counter[str], name: str, times: int = 1) -> None:
    """Count ``name``; what comes when there are too many is counted together."""
    counter[name if name in counter or len(counter) < _MOST_NAMES else "others"] += times
