"""How often a user changes what the audit log notes of him: so often a day, by kinds.

Each change leaves an entry for more than a year, so a loop of them would fill the disk. What takes
rights away, a revocation, is never refused: it needs something that was made before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from park.errors import OverLimit
from park_server.quotas.request_rate import RequestRate

__all__ = ["ChangeRate"]

_DAY_S = 86_400.0

_OF_A_DAY: Mapping[str, int] = MappingProxyType(
    {"logins": 500, "new tokens": 2_000, "refreshes of tokens": 2_000, "shares": 2_000}
)
"""What no person and no script of one needs; each kind by itself, so that none closes another."""


class ChangeRate:
    """The changes of users; moments are seconds of ``clock``."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._rate = RequestRate(clock, burst_s=_DAY_S)

    def count(self, user: str, kind: str) -> None:
        """Count a change of ``user``; raises `OverLimit` for one too many."""
        most = _OF_A_DAY[kind]
        wait_s = self._rate.wait_s(f"{kind} {user}", most / _DAY_S)
        if wait_s:
            raise OverLimit(
                f"{user} had {most:,} {kind} in a day, and nobody has more",
                hint=f"the next may be in {math.ceil(wait_s)} s; make one, and use it again",
                details={"limit": most, "retry_after_s": round(wait_s, 3)},
            )
