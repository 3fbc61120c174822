"""The engines of a service, as its operator chose them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from park_server.areas.areas import Areas
from park_server.assembly.cage_parts import cages_of
from park_server.assembly.foundation import Foundation
from park_server.jobs.engines.local import LocalEngine, LocalEngineSettings
from park_server.jobs.engines.offers import LOCAL
from park_server.jobs.engines.slurm.cluster import SlurmEngine, SlurmPlaces
from park_server.jobs.engines.slurm.partitions import Partitions
from park_server.jobs.engines.switch import Engines, OfferingEngine
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
    places = SlurmPlaces(home=home, runtime=local.runtime, cages=cages)
    engines: dict[str, OfferingEngine] = {
        choice.name: local
        if choice.name == LOCAL
        else SlurmEngine(choice.name, places, Partitions(choice.partitions))
        for choice in settings.engines
    }
    return EngineParts(local=local, all=Engines(engines, local.runtime_hash))


def _local_settings(settings: Settings) -> LocalEngineSettings:
    here = LocalEngineSettings(
        slots=settings.slots,
        gpus=settings.gpus,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        shared_bytes=settings.job_memory_bytes,
    )
    if settings.job_processes is None:
        return here
    return replace(here, processes=settings.job_processes)
