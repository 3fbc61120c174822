"""The engines of a service, as its operator chose them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from park_server.areas.areas import Areas
from park_server.assembly.cage_parts import cages_of
from park_server.assembly.foundation import Foundation
from park_server.engine_choice import EngineChoice
from park_server.jobs.engines.attempt_tokens import AttemptTokens
from park_server.jobs.engines.cages import Cages
from park_server.jobs.engines.control_groups import almost_all_memory
from park_server.jobs.engines.local import LocalEngine, LocalEngineSettings
from park_server.jobs.engines.offers import LOCAL
from park_server.jobs.engines.pilots.driver_link import DriverSettings
from park_server.jobs.engines.pilots.pilot_engine import PilotEngine
from park_server.jobs.engines.pilots.pilot_order import PilotOrders
from park_server.jobs.engines.slurm.cluster import SlurmEngine
from park_server.jobs.engines.slurm.node_access import OwnStores, Placing, SharedHome
from park_server.jobs.engines.slurm.partitions import Partitions
from park_server.jobs.engines.switch import Engines, OfferingEngine
from park_server.on_node import bootstrap
from park_server.settings import Settings

__all__ = ["EngineParts", "engine_parts"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineParts:
    """The engines of a service: ``all`` as one, and that of this machine.

    The ``local`` one is there even where no job is sent to it: it has the machinery of jobs.
    """

    local: LocalEngine
    all: Engines

    async def shut_down(self) -> None:
        """Let go of all jobs; what runs goes on, and a later service finds it again."""
        await self.all.close()
        await self.local.shut_down()


def engine_parts(foundation: Foundation, areas: Areas) -> EngineParts:
    """Return the engines of ``foundation``'s settings; jobs find their user's of ``areas``."""
    settings = foundation.settings
    home, cages = foundation.home.path, cages_of(foundation, areas)
    local = LocalEngine(home=home, settings=_local_settings(settings), cages=cages)
    engines = {
        choice.name: _engine(choice, foundation, local, cages) for choice in settings.engines
    }
    return EngineParts(local=local, all=Engines(engines, local.runtime_hash))


def _engine(
    choice: EngineChoice, foundation: Foundation, local: LocalEngine, cages: Cages
) -> OfferingEngine:
    if choice.name == LOCAL:
        return local
    if choice.name == "slurm":
        partitions = Partitions(choice.partitions)
        return SlurmEngine(choice.name, _placing(foundation, local, cages), partitions)
    home = foundation.home.path
    return PilotEngine(
        choice.name,
        folder=home / "pilots",
        orders=PilotOrders(home, local.runtime, cages),
        settings=DriverSettings(config=choice.config, workers=foundation.settings.slots),
    )


def _placing(foundation: Foundation, local: LocalEngine, cages: Cages) -> Placing:
    store = foundation.settings.node_store
    if store is None:
        return SharedHome(foundation.home.path, local.runtime, cages)
    return OwnStores(
        store=store,
        url=foundation.endpoints.url,
        tokens=AttemptTokens(foundation.home.node_key()),
        bootstrap=Path(bootstrap.__file__),
    )


def _local_settings(settings: Settings) -> LocalEngineSettings:
    here = LocalEngineSettings(
        slots=settings.slots,
        gpus=settings.gpus,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        shared_bytes=settings.job_memory_bytes or almost_all_memory(),
    )
    if settings.job_processes is None:
        return here
    return replace(here, processes=settings.job_processes)
