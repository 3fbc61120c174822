"""Is an environment fit for a job: checked before every start, inspected in full now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

from park.model.locks import LockHash
from park_server.envs.environment import Environment
from park_server.envs.environments import Environments

__all__ = ["Inspector"]

_FULL_EVERY_S = 60.0
"""A full inspection of 15,000 files takes some 75 ms: too much for each of many jobs."""


class Inspector:
    """Inspects environments, remembering when each was last seen whole. Thread-safe."""

    def __init__(
        self, environments: Environments, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._environments = environments
        self._clock = clock
        self._whole_at: dict[LockHash, float] = {}

    def is_due(self, lock_hash: LockHash) -> bool:
        """Tell whether the next inspection is a full one (and belongs into a thread)."""
        whole_at = self._whole_at.get(lock_hash)
        return whole_at is None or self._clock() - whole_at >= _FULL_EVERY_S

    def inspect(self, lock_hash: LockHash) -> Environment:
        """Return the environment if a job may start in it.

        Its own manifest must bear ``lock_hash``, and nothing in it may have changed (about
        1 ms); when a full inspection is due, nothing in the wheel store either. Raises
        `EnvironmentMismatch`.
        """
        if not self.is_due(lock_hash):
            return self._environments.check(lock_hash)
        self._whole_at.pop(lock_hash, None)
        environment = self._environments.verify(lock_hash)
        self._whole_at[lock_hash] = self._clock()
        return environment
