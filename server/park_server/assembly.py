"""Put the parts of a service together, once, in the order in which they need each other.

First the ground, which needs no event loop: database, index, stores. On it stand the
environments, then the jobs, then the installs. No part gets a partner after it was made:
where two need each other, one publishes on a `Topic` that was made before both.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from park import __version__
from park.local.interpreter import python_minor
from park.wire import InstallRecord, ServiceRecord
from park_repo.database import Database
from park_repo.http.front import PageFront
from park_repo.http.routes import index_routes
from park_repo.index import Index
from park_repo.upstream.external import ExternalIndex
from park_repo.upstream.upstream import Upstream
from park_repo.wheelstore.store import WheelStore
from park_server.addresses import Addresses
from park_server.areas.areas import Areas
from park_server.bus import Bus
from park_server.clock import timestamp
from park_server.content import ContentStore
from park_server.db.migrate import migrate
from park_server.disk import Disk
from park_server.egress import GuardedTransport
from park_server.envs import environment_rows as environments_store
from park_server.envs.interpreters import Interpreter, discover
from park_server.envs.keeper import EnvironmentKeeper
from park_server.envs.realisation import Environments
from park_server.envs.resolve import RESOLVERS
from park_server.envs.supply import WheelSupply
from park_server.envs.wheel_download import Downloader
from park_server.fetches.own_files import OwnFiles
from park_server.fetches.url_fetcher import UrlFetcher
from park_server.grants.grants import Grants
from park_server.home import Home
from park_server.http.auth import user_of
from park_server.http.parts import ServiceParts
from park_server.installs.manager import InstallManager, ResolverAccess
from park_server.installs.offers import Offers
from park_server.installs.sdist_build import BuildPolicy, SourceBuilder
from park_server.installs.source_station import SourceStation
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.dispatcher import Dispatcher
from park_server.jobs.engines.local import LocalEngine
from park_server.jobs.fetch_queue import FetchQueue
from park_server.jobs.folder import JobFolders
from park_server.jobs.leaf_polls import LeafPolls
from park_server.jobs.outside_events import OutsideEvents
from park_server.jobs.progress_listener import ProgressListener
from park_server.jobs.scheduler import Scheduler
from park_server.leftovers import UNUSED_FOR_S, sweep_unused
from park_server.peers.peers import ServicePeers
from park_server.settings import Settings, without_credentials
from park_server.topic import Topic

__all__ = ["AssembledService", "assembled"]


def assembled(settings: Settings, home: Home, addresses: Addresses, user: str) -> AssembledService:
    """Return the service of ``settings`` on ``home``."""
    return AssembledService(_ground(settings, home, addresses, user))


class AssembledService:
    """A service whose ground is laid, and which does not run yet."""

    def __init__(self, ground: _Ground) -> None:
        self._ground = ground
        self.grants = ground.grants
        self.simple_routes: Sequence[BaseRoute] = index_routes(ground.index, user_of)

    def with_pages_in_front(self, app: ASGIApp) -> ASGIApp:
        """Return ``app`` behind the index's short path of pages that are ready."""
        return PageFront(app, self._ground.index)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ServiceParts]:
        """Start what was left unfinished, give the parts to the routes, and stop in order."""
        self._ground.bus.bind()
        parts = _parts(self._ground)
        try:
            await parts.start()
            yield parts.for_routes()
        finally:
            await parts.stop()
            await self._ground.close()

    def wake_waiters(self) -> None:
        """Let every long poll answer: the service is stopping."""
        self._ground.bus.wake_all()


# -- the ground


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ground:
    """What all else stands on."""

    settings: Settings
    home: Home
    addresses: Addresses
    user: str
    bus: Bus
    disk: Disk
    database: Database
    index: Index
    grants: Grants
    content: ContentStore
    environments: Environments
    downloads: Downloader
    interpreters: Mapping[str, Interpreter]

    async def close(self) -> None:
        await self.index.aclose()
        with self.downloads:
            self.database.close()


def _ground(settings: Settings, home: Home, addresses: Addresses, user: str) -> _Ground:
    bus = Bus()
    database = Database.sqlite(home.database)
    migrate(database.engine)
    environments = Environments(home.path, WheelStore(home.path / "store"))
    environments.sweep()
    downloads = Downloader(home.cache / "wheels")
    downloads.sweep()
    return _Ground(
        settings=settings,
        home=home,
        addresses=addresses,
        user=user,
        bus=bus,
        disk=Disk(),
        database=database,
        index=_index(settings, home, database),
        grants=Grants(database, bus),
        content=ContentStore(home.files),
        environments=environments,
        downloads=downloads,
        interpreters=discover(),
    )


def _index(settings: Settings, home: Home, database: Database) -> Index:
    return Index(
        database,
        home.index,
        Upstream(settings.upstream) if settings.upstream else None,
        external=_external(settings),
        cache=home.cache / "index",
    )


def _external(settings: Settings) -> ExternalIndex | None:
    if settings.index is None:
        return None
    return ExternalIndex(
        settings.index, upload_url=settings.index_upload, login=settings.index_login
    )


# -- all parts


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    """What runs on the ground, in the order in which it was made."""

    ground: _Ground
    areas: Areas
    engine: LocalEngine
    keeper: EnvironmentKeeper
    fetcher: UrlFetcher
    jobs: _JobParts
    installs: InstallManager
    offers: Offers

    async def start(self) -> None:
        """Take up what a stopped service left."""
        await self.ground.grants.sweep()
        self.keeper.resume()
        self.fetcher.sweep()
        # before any job starts: what nobody uses now must not be taken from under it
        await asyncio.to_thread(_sweep, self.ground)
        await self.jobs.scheduler.resume()
        self.installs.resume()
        self.offers.resume()

    async def stop(self) -> None:
        """Stop in order: first what makes work for others."""
        await self.offers.stop()
        await self.installs.stop()
        self.fetcher.stop()
        await self.jobs.stop()
        await self.fetcher.aclose()
        await self.keeper.stop()
        await self.engine.shut_down()

    def for_routes(self) -> ServiceParts:
        ground, jobs = self.ground, self.jobs
        return ServiceParts(
            areas=self.areas,
            database=ground.database,
            bus=ground.bus,
            content=ground.content,
            folders=jobs.folders,
            grants=ground.grants,
            index=ground.index,
            installs=self.installs,
            environments=ground.environments,
            keeper=self.keeper,
            jobs=jobs.scheduler,
            leaf_polls=jobs.leaf_polls,
            offers=self.offers,
            engine=self.engine,
            about=_about(ground),
            url=ground.settings.url,
        )


def _parts(ground: _Ground) -> _Parts:
    areas = Areas(ground.home.path / "areas", ground.settings.roots)
    engine = LocalEngine(home=ground.home.path)
    supply = WheelSupply(ground.index, ground.downloads, loop=asyncio.get_running_loop())
    keeper = _keeper(ground, supply, engine)
    fetcher = _fetcher(ground, areas)
    install_ends: Topic[InstallRecord] = Topic()
    jobs = _job_parts(ground, areas, engine, keeper, fetcher)
    install_ends.subscribe(jobs.events.install_ended)
    installs = _install_manager(ground, keeper, supply, install_ends)
    offers = Offers(database=ground.database, manager=installs, keeper=keeper, python=python_minor())
    install_ends.subscribe(offers.install_ended)
    return _Parts(
        ground=ground,
        areas=areas,
        engine=engine,
        keeper=keeper,
        fetcher=fetcher,
        jobs=jobs,
        installs=installs,
        offers=offers,
    )


def _sweep(ground: _Ground) -> None:
    """Remove what services and jobs of long ago left; the engine's own copy is new."""
    sweep_unused(ground.home.path / "runtime")
    recent = timestamp(time.time() - UNUSED_FOR_S)
    used = ground.database.read(lambda c: environments_store.used_since(c, recent))
    sweep_unused(ground.home.cache / "numba", keep=used)


# -- environments and fetches


def _keeper(ground: _Ground, supply: WheelSupply, engine: LocalEngine) -> EnvironmentKeeper:
    return EnvironmentKeeper(
        database=ground.database,
        environments=ground.environments,
        interpreters=ground.interpreters,
        fetch_for=supply.for_user,
        quota_bytes=ground.settings.quota_bytes,
        on_damage=engine.renew,
    )


def _fetcher(ground: _Ground, areas: Areas) -> UrlFetcher:
    return UrlFetcher(
        database=ground.database,
        content=ground.content,
        root=ground.home.files / "fetching",
        jobs=ground.home.jobs,
        transport=GuardedTransport(ground.settings.addresses),
        limit=ground.settings.fetch_limit_bytes,
        own=OwnFiles(
            urls=(ground.addresses.url, ground.addresses.listening),
            database=ground.database,
            areas=areas,
        ),
    )


# -- jobs


@dataclass(frozen=True, kw_only=True, slots=True)
class _JobGround:
    """What the parts that run jobs share."""

    folders: JobFolders
    commits: Commits
    settlement: Settlement


@dataclass(frozen=True, kw_only=True, slots=True)
class _JobParts:
    """What runs jobs, and tells of them."""

    folders: JobFolders
    events: OutsideEvents
    progress: ProgressListener
    peers: ServicePeers
    dispatcher: Dispatcher
    fetch_queue: FetchQueue
    scheduler: Scheduler
    leaf_polls: LeafPolls

    async def stop(self) -> None:
        """Start nothing more; what runs goes on by itself and is found at the next start."""
        await self.peers.stop()
        self.progress.stop()
        await self.events.stop()
        await self.fetch_queue.stop()
        await self.dispatcher.stop()


def _job_parts(
    ground: _Ground,
    areas: Areas,
    engine: LocalEngine,
    keeper: EnvironmentKeeper,
    fetcher: UrlFetcher,
) -> _JobParts:
    base = _job_ground(ground, areas)
    dispatcher = _dispatcher(ground, base, engine, keeper)
    fetch_queue = _fetch_queue(ground, base, fetcher)
    events = OutsideEvents(base.commits, base.settlement)
    progress = ProgressListener(
        folder_of=base.folders.path_of,
        bus=ground.bus,
        commits=base.commits,
        on_growth=events.reported,
    )
    peers = _peers(ground, events)
    return _JobParts(
        folders=base.folders,
        events=events,
        progress=progress,
        peers=peers,
        dispatcher=dispatcher,
        fetch_queue=fetch_queue,
        scheduler=_scheduler(ground, base, dispatcher, fetch_queue, peers),
        leaf_polls=_leaf_polls(ground, base, progress),
    )


def _job_ground(ground: _Ground, areas: Areas) -> _JobGround:
    folders = JobFolders(ground.home.jobs, ground.content, areas)
    return _JobGround(
        folders=folders,
        commits=Commits(ground.database, ground.disk),
        settlement=Settlement(
            database=ground.database, folder_of=folders.path_of, pools=ground.settings.pools
        ),
    )


def _dispatcher(
    ground: _Ground, base: _JobGround, engine: LocalEngine, keeper: EnvironmentKeeper
) -> Dispatcher:
    return Dispatcher(
        database=ground.database,
        bus=ground.bus,
        environments=keeper,
        folders=base.folders,
        engine=engine,
        runtime_hash=engine.runtime_hash,
        slots=ground.settings.slots,
        settlement=base.settlement,
        commits=base.commits,
        disk=ground.disk,
        base_url=ground.addresses.url,
        read_only=ground.environments.protected,
    )


def _fetch_queue(ground: _Ground, base: _JobGround, fetcher: UrlFetcher) -> FetchQueue:
    return FetchQueue(
        database=ground.database,
        bus=ground.bus,
        folders=base.folders,
        settlement=base.settlement,
        commits=base.commits,
        fetcher=fetcher,
        base_url=ground.addresses.url,
    )


def _peers(ground: _Ground, events: OutsideEvents) -> ServicePeers:
    return ServicePeers(
        database=ground.database,
        content=ground.content,
        addresses=ground.settings.addresses,
        listener=events,
        disk=ground.disk,
    )


def _scheduler(
    ground: _Ground,
    base: _JobGround,
    dispatcher: Dispatcher,
    fetch_queue: FetchQueue,
    peers: ServicePeers,
) -> Scheduler:
    return Scheduler(
        database=ground.database,
        bus=ground.bus,
        folders=base.folders,
        settlement=base.settlement,
        commits=base.commits,
        dispatcher=dispatcher,
        fetch_queue=fetch_queue,
        peers=peers,
        disk=ground.disk,
    )


def _leaf_polls(ground: _Ground, base: _JobGround, progress: ProgressListener) -> LeafPolls:
    return LeafPolls(
        database=ground.database,
        bus=ground.bus,
        progress=progress,
        settlement=base.settlement,
        folder_of=base.folders.path_of,
    )


# -- installs


def _install_manager(
    ground: _Ground,
    keeper: EnvironmentKeeper,
    supply: WheelSupply,
    ends: Topic[InstallRecord],
) -> InstallManager:
    return InstallManager(
        database=ground.database,
        bus=ground.bus,
        index=ground.index,
        environments=ground.environments,
        keeper=keeper,
        interpreters=ground.interpreters,
        resolver=ResolverAccess(
            resolver=RESOLVERS[ground.settings.resolver](),
            index_url=ground.addresses.internal_index,
            cache=ground.home.cache / "resolver",
        ),
        supply=supply,
        sources=SourceStation(_source_builder(ground), ground.index, ground.content),
        on_final=ends.publish,
        disk=ground.disk,
    )


def _source_builder(ground: _Ground) -> SourceBuilder:
    return SourceBuilder(
        policy=BuildPolicy(allowed=ground.settings.allow_builds),
        home=ground.home.path,
        folder=ground.home.path / "builds",
        index_url=ground.addresses.internal_index,
        cache=ground.home.cache / "resolver" / "uv",
    )


# -- what the service says of itself


def _about(ground: _Ground) -> ServiceRecord:
    url = ground.addresses.url
    upstream = ground.settings.upstream
    return ServiceRecord(
        version=__version__,
        user=ground.user,
        pythons=list(ground.interpreters),
        index_url=f"{url}/simple/",
        trees_url=f"{url}/trees/simple/",
        upload_url=f"{url}/legacy/",
        upstream=None if upstream is None else without_credentials(upstream),
        platforms={
            minor: list(dict.fromkeys(tag.rpartition("-")[2] for tag in interpreter.tags))
            for minor, interpreter in ground.interpreters.items()
        },
        builds=ground.settings.allow_builds,
    )
