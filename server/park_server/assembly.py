"""Put the parts of a service together, once, in the order in which they need each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

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
from park_server.areas.areas import Areas
from park_server.bus import Bus
from park_server.clock import timestamp
from park_server.content import ContentStore
from park_server.db.migrate import migrate
from park_server.disk import Disk
from park_server.egress import GuardedTransport
from park_server.envs import environment_rows as environments_store
from park_server.envs.interpreters import discover
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
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.dispatcher import Dispatcher
from park_server.jobs.engines.local import LocalEngine
from park_server.jobs.folder import JobFolders
from park_server.jobs.scheduler import Scheduler
from park_server.leftovers import UNUSED_FOR_S, sweep_unused
from park_server.peers.peers import ServicePeers
from park_server.settings import Settings, without_credentials

__all__ = ["Addresses", "AssembledService", "assembled"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where the service is: for everybody, and for its own child processes with a token.

    ``listening`` is where it can be reached without any proxy: ``url`` too, unless the operator
    named another.
    """

    url: str
    listening: str
    internal_index: str = field(repr=False)

    @classmethod
    def of(cls, listening: str, internal_token: str, *, public: str | None = None) -> Addresses:
        """Return the addresses of a service that listens at the URL ``listening``."""
        parts = urlsplit(listening)
        netloc = f"__token__:{quote(internal_token)}@{parts.netloc}"
        index = urlunsplit(parts._replace(netloc=netloc, path=f"{parts.path}/simple/"))
        return cls(url=public or listening, listening=listening, internal_index=index)


class AssembledService:
    """A service whose parts exist, but do not run yet."""

    def __init__(self, settings: Settings, home: Home, addresses: Addresses, user: str) -> None:
        self._settings = settings
        self._addresses = addresses
        self._user = user
        self._home = home
        self._bus = Bus()
        self._disk = Disk()
        self._database = Database.sqlite(home.database)
        migrate(self._database.engine)
        self._index = Index(
            self._database,
            home.index,
            Upstream(settings.upstream) if settings.upstream else None,
            external=_external(settings),
            cache=home.cache / "index",
        )
        self.grants = Grants(self._database, self._bus)
        self._content = ContentStore(home.files)
        self._store = WheelStore(home.path / "store")
        self._environments = Environments(home.path, self._store)
        self._environments.sweep()
        self._downloads = Downloader(home.cache / "wheels")
        self._downloads.sweep()
        self._interpreters = discover()
        self.simple_routes: Sequence[BaseRoute] = index_routes(self._index, user_of)

    def with_pages_in_front(self, app: ASGIApp) -> ASGIApp:
        """Return ``app`` behind the index's short path of pages that are ready."""
        return PageFront(app, self._index)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ServiceParts]:
        """Start what was left unfinished, give the parts to the routes, and stop in order."""
        self._bus.bind()
        areas = Areas(self._home.path / "areas", self._settings.roots)
        folders = JobFolders(self._home.jobs, self._content, areas)
        engine = LocalEngine(home=self._home.path)
        supply = WheelSupply(self._index, self._downloads, loop=asyncio.get_running_loop())
        keeper = self._keeper(supply)
        keeper.on_damage = engine.renew
        settlement = Settlement(
            database=self._database, folder_of=folders.path_of, pools=self._settings.pools
        )
        dispatcher = Dispatcher(
            database=self._database,
            bus=self._bus,
            environments=keeper,
            folders=folders,
            engine=engine,
            runtime_hash=engine.runtime_hash,
            slots=self._settings.slots,
            settlement=settlement,
            base_url=self._addresses.url,
            read_only=self._environments.protected,
            disk=self._disk,
        )
        engine.attach(dispatcher)
        fetcher = self._fetcher(areas)
        jobs = Scheduler(
            database=self._database,
            bus=self._bus,
            folders=folders,
            dispatcher=dispatcher,
            settlement=settlement,
            fetcher=fetcher,
            base_url=self._addresses.url,
            disk=self._disk,
        )
        peers = ServicePeers(
            database=self._database,
            content=self._content,
            addresses=self._settings.addresses,
            disk=self._disk,
        )
        peers.attach(jobs)
        jobs.peers = peers

        def install_ended(record: InstallRecord) -> None:
            jobs.install_ended(record)
            offers.install_ended(record)

        installs = self._install_manager(keeper, supply, install_ended)
        offers = Offers(
            database=self._database, manager=installs, keeper=keeper, python=python_minor()
        )
        try:
            await self.grants.sweep()
            keeper.resume()
            fetcher.sweep()
            await jobs.resume()
            installs.resume()
            offers.resume()
            yield ServiceParts(
                areas=areas,
                database=self._database,
                bus=self._bus,
                content=self._content,
                folders=folders,
                grants=self.grants,
                index=self._index,
                installs=installs,
                environments=self._environments,
                keeper=keeper,
                jobs=jobs,
                offers=offers,
                engine=engine,
                about=self._about(),
                url=self._settings.url,
            )
        finally:
            await offers.stop()
            await installs.stop()
            fetcher.stop()
            await peers.stop()
            await jobs.stop()
            await fetcher.aclose()
            await keeper.stop()
            await engine.shut_down()
            await self._close()

    async def _close(self) -> None:
        await self._index.aclose()
        with self._downloads:
            self._database.close()

    def _sweep(self) -> None:
        """Remove what services and jobs of long ago left; the engine's own copy is new."""
        sweep_unused(self._home.path / "runtime")
        recent = timestamp(time.time() - UNUSED_FOR_S)
        used = self._database.read(lambda c: environments_store.used_since(c, recent))
        sweep_unused(self._home.cache / "numba", keep=used)

    def wake_waiters(self) -> None:
        """Let every long poll answer: the service is stopping."""
        self._bus.wake_all()

    def _keeper(self, supply: WheelSupply) -> EnvironmentKeeper:
        return EnvironmentKeeper(
            database=self._database,
            environments=self._environments,
            interpreters=self._interpreters,
            fetch_for=supply.for_user,
            quota_bytes=self._settings.quota_bytes,
        )

    def _fetcher(self, areas: Areas) -> UrlFetcher:
        return UrlFetcher(
            database=self._database,
            content=self._content,
            root=self._home.files / "fetching",
            jobs=self._home.jobs,
            transport=GuardedTransport(self._settings.addresses),
            limit=self._settings.fetch_limit_bytes,
            own=OwnFiles(
                urls=(self._addresses.url, self._addresses.listening),
                database=self._database,
                areas=areas,
            ),
        )

    def _install_manager(
        self,
        keeper: EnvironmentKeeper,
        supply: WheelSupply,
        on_final: Callable[[InstallRecord], None],
    ) -> InstallManager:
        return InstallManager(
            database=self._database,
            bus=self._bus,
            index=self._index,
            environments=self._environments,
            keeper=keeper,
            interpreters=self._interpreters,
            resolver=ResolverAccess(
                resolver=RESOLVERS[self._settings.resolver](),
                index_url=self._addresses.internal_index,
                cache=self._home.cache / "resolver",
            ),
            supply=supply,
            sources=SourceStation(self._source_builder(), self._index, self._content),
            on_final=on_final,
            disk=self._disk,
        )

    def _source_builder(self) -> SourceBuilder:
        return SourceBuilder(
            policy=BuildPolicy(allowed=self._settings.allow_builds),
            home=self._home.path,
            folder=self._home.path / "builds",
            index_url=self._addresses.internal_index,
            cache=self._home.cache / "resolver" / "uv",
        )

    def _about(self) -> ServiceRecord:
        url = self._addresses.url
        upstream = self._settings.upstream
        return ServiceRecord(
            version=__version__,
            user=self._user,
            pythons=list(self._interpreters),
            index_url=f"{url}/simple/",
            trees_url=f"{url}/trees/simple/",
            upload_url=f"{url}/legacy/",
            upstream=None if upstream is None else without_credentials(upstream),
            platforms={
                minor: list(dict.fromkeys(tag.rpartition("-")[2] for tag in interpreter.tags))
                for minor, interpreter in self._interpreters.items()
            },
            builds=self._settings.allow_builds,
        )


def assembled(settings: Settings, home: Home, addresses: Addresses, user: str) -> AssembledService:
    """Return the service of ``settings`` on ``home``."""
    return AssembledService(settings, home, addresses, user)


def _external(settings: Settings) -> ExternalIndex | None:
    if settings.index is None:
        return None
    return ExternalIndex(
        settings.index, upload_url=settings.index_upload, login=settings.index_login
    )
