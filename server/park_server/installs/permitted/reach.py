"""What users may name in a job, by a digest or a lock hash."""

from __future__ import annotations

from collections.abc import Collection

from park_server.installs.permitted.usable_locks import UsableLocks
from park_server.trust.possession import Possession

__all__ = ["ReachOfUsers"]


class ReachOfUsers:
    """Implements the scheduler's `Reach`, from locks and from what was sent."""

    def __init__(self, locks: UsableLocks, possession: Possession) -> None:
        self._locks = locks
        self._possession = possession

    def may_use(self, user: str, lock_hash: str) -> bool:
        """See `Reach`."""
        return self._locks.may_use(user, lock_hash)

    def may_refer_to_all(self, user: str) -> bool:
        """See `Reach`."""
        return self._possession.is_free(user)

    def require_files(self, user: str, digests: Collection[str]) -> None:
        """See `Reach`."""
        self._possession.require(user, digests)
