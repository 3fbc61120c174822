"""What the dispatcher asks of the environments of a service."""

from __future__ import annotations

from typing import Protocol

from park.model.lock_hash import LockHash
from park_server.envs.environment import Environment

__all__ = ["ReadyEnvironments"]


class ReadyEnvironments(Protocol):
    """Who gives out environments that are whole."""

    def known(self, lock_hash: LockHash) -> Environment | None:
        """Return the environment if it is known to be whole at this moment, else None."""

    async def ready(self, lock_hash: LockHash) -> Environment:
        """Return the environment; raises `EnvironmentMismatch` where it cannot be had."""
