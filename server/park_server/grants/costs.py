"""What one grant has cost the service so far, and where that ends: leaves, requests, bytes.

Kept in memory: a restart begins anew, and counts what comes from then on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from park.errors import OverLimit, TooLarge
from park_server.trust.policy import GrantLimits

__all__ = ["COMPARISON", "GrantCosts"]

COMPARISON = 20
"""What following a leaf counts that compares values: each look at it reads what a job left."""

_MINUTE_S = 60.0
_MOST_KNOWN = 20_000
_MILLION = 1_000_000


@dataclass(slots=True)
class _Spent:
    """Of one grant: requests that are still in the last minute's bucket, bytes, leaves."""

    requests: float
    at: float
    bytes: int = 0
    leaves: int = 0

    def at_moment(self, now: float, per_minute: int) -> float:
        """Return the requests that count at ``now``: they drain evenly, a minute's in a minute."""
        return max(0.0, self.requests - (now - self.at) * per_minute / _MINUTE_S)


class GrantCosts:
    """Counts for each grant, by its id; ``limits`` are those of the policy at that moment."""

    def __init__(
        self, limits: Callable[[], GrantLimits], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._spent: dict[str, _Spent] = {}

    def admit(self, grant: str) -> None:
        """Count a request; raises `OverLimit` for one too many in a minute.

        Raises `TooLarge` once all the bytes that a grant may read are read.
        """
        limits, now = self._limits(), self._clock()
        spent = self._of(grant, now)
        if spent.bytes >= limits.megabytes * _MILLION:
            raise TooLarge(
                f"what may be read with the grant …{grant[-6:]} is read:"
                f" {limits.megabytes:,} MB is its limit",
                hint="submit the rest again, which makes another grant; the operator can raise"
                " the limit: [grants] megabytes in policy.toml",
            )
        counted = spent.at_moment(now, limits.requests)
        if counted + 1.0 > limits.requests:
            wait_s = math.ceil((counted + 1.0 - limits.requests) * _MINUTE_S / limits.requests)
            raise _over(f"{limits.requests:,} requests in a minute", grant, wait_s)
        spent.requests, spent.at = counted + 1.0, now

    def sent(self, grant: str, size: int) -> bool:
        """Count bytes that were answered; return whether more may be."""
        spent = self._of(grant, self._clock())
        spent.bytes += size
        return spent.bytes < self._limits().megabytes * _MILLION

    @contextmanager
    def following(self, leaves: Mapping[str, int]) -> Iterator[None]:
        """Follow so much with each grant; raises what is raised for too much."""
        with ExitStack() as held:
            for grant, weight in leaves.items():
                held.enter_context(self._holding(grant, weight))
            yield

    @contextmanager
    def _holding(self, grant: str, weight: int) -> Iterator[None]:
        most = self._limits().leaves
        spent = self._of(grant, self._clock())
        if weight > most:
            raise TooLarge(
                f"{weight:,} leaves in one request with the grant …{grant[-6:]}: {most:,} is its"
                f" limit, where one that compares values counts as {COMPARISON}"
            )
        if spent.leaves + weight > most:
            raise _over(f"{most:,} leaves that are followed at a time", grant, 1)
        spent.leaves += weight
        try:
            yield
        finally:
            spent.leaves -= weight

    def forget(self, grants: Collection[str]) -> None:
        """Forget what has ended."""
        for each in grants:
            self._spent.pop(each, None)

    def _of(self, grant: str, now: float) -> _Spent:
        if grant not in self._spent:
            if len(self._spent) >= _MOST_KNOWN:
                # the one that was used the longest ago; what follows something is not it
                idle = (each for each in self._spent if not self._spent[each].leaves)
                self._spent.pop(min(idle, key=lambda each: self._spent[each].at, default=""), None)
            self._spent[grant] = _Spent(0.0, now)
        return self._spent[grant]


def _over(limit: str, grant: str, wait_s: int) -> OverLimit:
    return OverLimit(
        f"too much is asked with the grant …{grant[-6:]}: {limit} is its limit",
        hint=f"ask again in {wait_s} s",
        details={"retry_after_s": wait_s},
    )
