"""What the other parts of a service stand on; none of it needs an event loop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from park_repo.database import Database
from park_repo.index import Index
from park_repo.wheelstore.store import WheelStore
from park_server.accounts.assignment import Accounts
from park_server.approvals.approvals import Approvals
from park_server.areas.paths import area_below
from park_server.assembly.account_parts import accounts_of
from park_server.assembly.ahead import Asked
from park_server.assembly.index_parts import IndexParts, index_parts
from park_server.assembly.lending_parts import LendingParts, lending_of
from park_server.assembly.start_stages import Stages
from park_server.bus import Bus
from park_server.content import ContentStore
from park_server.db.of_home import opened_for
from park_server.disk import Disk
from park_server.endpoints import Endpoints
from park_server.engine_choice import reached_on_nodes, shared_on_nodes
from park_server.envs import environment_rows
from park_server.envs.environment import Layout
from park_server.envs.interpreters import Interpreter
from park_server.envs.overlay_trial import FoundLayout
from park_server.envs.realisation import Environments
from park_server.envs.wheel_download import Downloader
from park_server.home import Home
from park_server.jobs.engines.isolation import Isolations
from park_server.quotas.descriptors import most_connections
from park_server.quotas.disk_reserve import DiskReserve
from park_server.quotas.disk_use import DiskUse
from park_server.quotas.quotas import Quotas
from park_server.quotas.usage_rows import bytes_of
from park_server.retention.room_on_disk import rooms_of
from park_server.retention.sizes_on_disk import size_below
from park_server.sealing.sealed_rows import settle
from park_server.sealing.sealing import Sealing
from park_server.settings import Settings
from park_server.trust.identity import Tokens
from park_server.trust.trust import Trust, trust_of
from park_server.trust.under_way import UnderWay

__all__ = ["Foundation", "foundation_of"]

_USERS_APART = 4
"""So many users have to come together before there are no connections left for others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Foundation:
    """What all else stands on. ``isolations`` is what jobs are kept from."""

    settings: Settings
    home: Home
    endpoints: Endpoints
    user: str
    bus: Bus
    disk: Disk
    database: Database
    indexes: IndexParts
    trust: Trust
    lending: LendingParts
    approvals: Approvals
    quotas: Quotas
    content: ContentStore
    environments: Environments
    layout: FoundLayout
    isolations: Isolations
    accounts: Accounts
    downloads: Downloader
    interpreters: Mapping[str, Interpreter]

    @property
    def index(self) -> Index:
        """The index of this service."""
        return self.indexes.index

    async def close(self) -> None:
        """Leave it; the database commits what is queued."""
        await self.indexes.aclose()
        with self.downloads:
            self.database.close()


def foundation_of(
    settings: Settings,
    home: Home,
    endpoints: Endpoints,
    tokens: Tokens,
    *,
    asked: Asked,
    stages: Stages,
) -> Foundation:
    """Return the foundation on ``home``, its schema the newest, what a crash left swept.

    ``tokens`` are those of its operator, and of the service itself.
    """
    bus, database = Bus(), _database(settings, home, asked, stages)
    layout = asked.found_layout(stages)
    environments, downloads = _swept(settings, home, database, layout.layout, stages)
    interpreters, isolations = asked.found_interpreters(stages), _apart(settings, asked, stages)
    trust = _trust(settings, home, database, tokens, isolations)
    content = ContentStore(home.files)
    return Foundation(
        settings=settings,
        home=home,
        endpoints=endpoints,
        user=tokens.operator,
        bus=bus,
        disk=Disk(),
        database=database,
        indexes=_indexes(settings, home, database, stages),
        trust=trust,
        lending=lending_of(settings, home, database, bus, trust),
        approvals=Approvals(database, trust.directory),
        quotas=_quotas(settings, home, database, trust, content),
        content=content,
        environments=environments,
        layout=layout,
        isolations=isolations,
        accounts=accounts_of(settings, home, database, trust, isolations),
        downloads=downloads,
        interpreters=interpreters,
    )


def _apart(settings: Settings, asked: Asked, stages: Stages) -> Isolations:
    """Return what holds for jobs: what was found here, and what the nodes of clusters do."""
    here = asked.found_isolations(stages)
    there = shared_on_nodes(
        settings.engines,
        own_stores=settings.node_store is not None,
        accounts=here.accounts is not None,
    )
    reached = reached_on_nodes(settings.engines)
    return replace(here, on_nodes=there, reached_on_nodes=reached)


def _trust(
    settings: Settings, home: Home, database: Database, tokens: Tokens, isolations: Isolations
) -> Trust:
    apart = () if settings.trust_all else isolations.between_users
    under_way = UnderWay(most=most_connections() // _USERS_APART)
    return trust_of(database, home.policy_file, tokens, under_way, not_apart=apart)


def _swept(
    settings: Settings, home: Home, database: Database, layout: Layout, stages: Stages
) -> tuple[Environments, Downloader]:
    """Return the environments and the downloads of the home, without what a crash left."""
    with stages.at("removing environments and downloads that a crash left half made"):
        environments = Environments(
            home.path,
            WheelStore(home.path / "store"),
            layout=layout,
            busy=lambda: database.read(environment_rows.busy),
        )
        environments.sweep()
        downloads = Downloader(home.cache / "wheels", addresses=settings.addresses)
        downloads.sweep()
    return environments, downloads


def _indexes(settings: Settings, home: Home, database: Database, stages: Stages) -> IndexParts:
    with stages.at("opening the index"):
        return index_parts(settings, home, database)


def _quotas(
    settings: Settings, home: Home, database: Database, trust: Trust, content: ContentStore
) -> Quotas:
    """Return what keeps to the limits of users; their areas are measured as they are."""

    def measure(user: str) -> dict[str, int]:
        found = database.read(lambda c: bytes_of(c, user, content.size_of))
        return found | {"area": size_below(area_below(home.path / "areas", user))}

    disk = DiskUse(measure, time.monotonic)
    rooms = rooms_of(home, settings.reserve_bytes)
    reserve = DiskReserve(
        free=rooms.size.free,
        size=rooms.size.reserve,
        free_inodes=rooms.inodes.free,
        inodes=rooms.inodes.reserve,
    )
    return Quotas(trust.directory.allowance_of, disk, time.monotonic, reserve)


def _database(settings: Settings, home: Home, asked: Asked, stages: Stages) -> Database:
    with stages.at("opening the database, and bringing its schema up to date"):
        database = opened_for(home, settings.database, damage=asked.damage.result)
        settle(database.engine, Sealing(home.sealing_file))  # nobody writes as yet
        return database
