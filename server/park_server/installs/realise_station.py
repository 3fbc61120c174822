"""The last station of an install: its environment is made, or found whole."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from park_server.envs.environment import Environment
from park_server.envs.keeper import EnvironmentKeeper
from park_server.envs.realisation import Environments
from park_server.envs.realise_progress import OnProgress
from park_server.envs.supply import WheelSupply
from park_server.installs.checked_request import CheckedRequest
from park_server.installs.lock_station import Locked

__all__ = ["RealiseStation", "Realised"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Realised:
    """The environment of an install.

    ``is_new``: it was not there, or not whole. ``lacks_bytecode``: it is of use, but not
    compiled yet.
    """

    environment: Environment
    is_new: bool
    lacks_bytecode: bool


class RealiseStation:
    """Makes environments of the wheels that the installing user may have."""

    def __init__(
        self, environments: Environments, keeper: EnvironmentKeeper, supply: WheelSupply
    ) -> None:
        self._environments = environments
        self._keeper = keeper
        self._supply = supply

    async def realised(
        self, request: CheckedRequest, lock: Locked, progress: OnProgress
    ) -> Realised:
        """Return the environment of ``lock``, whole; made anew where it is absent or damaged.

        Raises what `Environments.realise` raises.
        """
        is_new = not await self._keeper.is_whole(lock.selection.hash)
        environment = await asyncio.to_thread(self._made, request, lock, progress)
        compiled = await asyncio.to_thread(self._environments.has_bytecode, environment)
        return Realised(environment=environment, is_new=is_new, lacks_bytecode=not compiled)

    def _made(self, request: CheckedRequest, lock: Locked, progress: OnProgress) -> Environment:
        # an environment that is there, but not sound, may have been damaged through the store
        is_there = self._environments.get(lock.selection.hash) is not None
        make = self._environments.repair if is_there else self._environments.realise
        fetch = self._supply.for_user(request.user)
        return make(lock.document, request.interpreter, fetch=fetch, progress=progress)
