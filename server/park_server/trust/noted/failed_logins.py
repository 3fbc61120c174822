"""What the audit log notes of logins that failed: each, and of a flood how many and of whom.

Whoever reaches the service can fail, from as many addresses as he has, so that entries of each one
would fill the disk. The first of an hour stand there one by one; the rest of it is one entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from park_server.trust import audit
from park_server.trust.audit import Actor

__all__ = ["FailedLogins"]

_HOUR_S = 3_600.0

_ONE_BY_ONE = 200
"""In an hour: more than people mistype, and enough to see what is going on."""

_MOST_NAMES = 1_000
_TOLD = 10
"""Names and addresses that are counted apart, and those of them that an entry tells: the most."""

_LONGEST_NAME = 64


class FailedLogins:
    """Notes the logins that failed; moments are seconds of ``clock``."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun = clock()
        self._noted = 0
        self._users: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()

    def entries(self, actor: Actor, subject: str, **data: Any) -> audit.Change | None:
        """Count a failure; return what is to be written of it, and of those of an hour before."""
        written = list(self._of_hour())
        if self._noted < _ONE_BY_ONE:
            self._noted += 1
            written.append((actor, subject, data))
        else:
            _count(self._users, subject[:_LONGEST_NAME])
            _count(self._addresses, actor.address)
        if not written:
            return None

        def change(connection: Connection) -> None:
            for who, what, more in written:
                audit.append(connection, who, "login.failed", what, **more)

        return change

    def _of_hour(self) -> Iterator[tuple[Actor, str, Mapping[str, Any]]]:
        """Yield what there is to say of an hour that is over, and begin another."""
        if self._clock() - self._begun < _HOUR_S:
            return
        if count := self._users.total():
            data = {
                "others": count,
                "users": dict(self._users.most_common(_TOLD)),
                "addresses": dict(self._addresses.most_common(_TOLD)),
            }
            yield audit.SERVICE, "many", data
        self._begun, self._noted = self._clock(), 0
        self._users.clear()
        self._addresses.clear()


def _count(counter: Counter[str], name: str) -> None:
    """Count ``name``; what comes when there are too many is counted together."""
    counter[name if name in counter or len(counter) < _MOST_NAMES else "others"] += 1
