"""Passes: tokens for one use of a bounced grant each, good once and for a minute."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from park.errors import OverLimit

__all__ = ["LASTS_S", "PREFIX", "Pass", "Passes"]

PREFIX = "park_grant_pass_"

LASTS_S = 60.0
"""From an agent to the service that asked it, and from there to here, with a retry."""

_MOST = 50_000
"""Passes at a time; they are some hundred bytes each."""

_MOST_OF_A_GRANT = 1_000
"""Each is for one use, which comes within seconds: no grant keeps others from theirs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """What a pass opens: of a grant, one method and path, until ``ends`` by the steady clock."""

    grant: str
    only: tuple[str, str]
    ends: float


class Passes:
    """Those that are good, by the digests of their tokens: in memory, since they last a minute.

    After a restart each is unknown, and another is asked for. For one event loop.
    """

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._by_digest: dict[str, Pass] = {}  # the oldest first
        self._of_grants: Counter[str] = Counter()

    def made(self, grant: str, method: str, path: str) -> str:
        """Return the token of a new pass; raises `OverLimit` where there are too many."""
        self._forget_old()
        if len(self._by_digest) >= _MOST:
            raise OverLimit(f"{_MOST:,} passes are open at a time; ask again in a minute")
        if self._of_grants[grant] >= _MOST_OF_A_GRANT:
            raise OverLimit(
                f"{_MOST_OF_A_GRANT:,} passes of one grant are open at a time;"
                " ask again in a minute"
            )
        self._of_grants[grant] += 1
        token = PREFIX + secrets.token_urlsafe(32)
        ends = self._steady() + LASTS_S
        self._by_digest[_digest(token)] = Pass(grant=grant, only=(method, path), ends=ends)
        return token

    def of(self, token: str) -> Pass | None:
        """Return what ``token`` opens; None: nothing, or nothing any more."""
        self._forget_old()
        return self._by_digest.get(_digest(token))

    def spend(self, token: str) -> None:
        """Let ``token`` open nothing more."""
        self._take_out(_digest(token))

    def _forget_old(self) -> None:
        now = self._steady()
        while self._by_digest:
            digest = next(iter(self._by_digest))
            if self._by_digest[digest].ends > now:
                return
            self._take_out(digest)

    def _take_out(self, digest: str) -> None:
        gone = self._by_digest.pop(digest, None)
        if gone is not None:
            self._of_grants[gone.grant] -= 1
            if not self._of_grants[gone.grant]:
                del self._of_grants[gone.grant]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
