"""Put the parts of a service together, once, in the order in which they need each other.

First the foundation, which needs no event loop: database, index, stores. On it stand the
environments, then the jobs, then the installs. No part gets a partner after it was made:
where one acts on what another does, it subscribes to what was made before both (`Commits`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from park import __version__
from park.local.python_minor import python_minor
from park.model.states import JobState
from park.model.urls import without_credentials
from park.wire import ServiceRecord
from park_repo.http.front import PageFront
from park_repo.http.routes import index_routes
from park_server.areas.areas import Areas
from park_server.assembly.cage_parts import prefixes_of
from park_server.assembly.engine_parts import EngineParts, engine_parts
from park_server.assembly.foundation import Foundation
from park_server.assembly.guard_parts import disk_guard
from park_server.assembly.job_parts import JobParts, job_parts
from park_server.assembly.login_parts import device_logins_of
from park_server.assembly.node_parts import callers_with_nodes, node_desk
from park_server.assembly.retention_parts import retention_of
from park_server.assembly.start_stages import Stages
from park_server.break_glass.revocation import Revocation
from park_server.break_glass.wheel_quarantine import WheelQuarantine, quarantined_files
from park_server.egress.guarded_transport import GuardedTransport
from park_server.envs.keeper import EnvironmentKeeper
from park_server.envs.resolve import RESOLVERS
from park_server.envs.supply import WheelSupply
from park_server.fetches.own_files import OwnFiles
from park_server.fetches.url_fetcher import UrlFetcher
from park_server.http.auth import user_of
from park_server.http.gate.grant_gate import GrantGate
from park_server.http.parts import ServiceParts, url_of
from park_server.http.trust.approved_downloads import ApprovedDownloads
from park_server.http.trust.uploads import permit_of
from park_server.installs import unreadable_installs
from park_server.installs.lock_station import LockStation, ResolverAccess
from park_server.installs.manager import InstallManager
from park_server.installs.offered_lock import OfferedLocks
from park_server.installs.offers import Offers
from park_server.installs.realise_station import RealiseStation
from park_server.installs.sdist_build import BuildPolicy, SourceBuilder
from park_server.installs.source_station import SourceStation
from park_server.installs.upload_station import UploadStation
from park_server.jobs import job_rows
from park_server.jobs.engines.local import LocalEngine
from park_server.leftovers import sweep_unused
from park_server.retention.disk_guard import DiskGuard
from park_server.retention.retention import Retention
from park_server.used.imported import Imported

__all__ = ["AssembledService"]


class AssembledService:
    """A service whose foundation is there, and which does not run yet."""

    def __init__(self, foundation: Foundation, stages: Stages) -> None:
        self._foundation = foundation
        self._stages = stages
        lending = foundation.lending
        self.grants = GrantGate(grants=lending.grants, uses=lending.uses, costs=lending.costs)
        self.trust = foundation.trust
        self.callers = callers_with_nodes(foundation)
        self.quotas = foundation.quotas
        self.simple_routes: Sequence[BaseRoute] = index_routes(
            foundation.index,
            user_of,
            permit_of(foundation.index),
            lambda request: foundation.quotas.within(user_of(request), request.stream()),
            ApprovedDownloads(foundation.approvals),
            url_of=url_of,
        )

    def with_pages_in_front(self, app: ASGIApp) -> ASGIApp:
        """Return ``app`` behind the index's short path of pages that are ready."""
        return PageFront(app, self._foundation.index)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ServiceParts]:
        """Start what was left unfinished, give the parts to the routes, and stop in order."""
        self._foundation.bus.bind()
        parts = _parts(self._foundation)
        try:
            await parts.start(self._stages)
            yield parts.for_routes()
        finally:
            await parts.stop()
            await self._foundation.close()

    @property
    def about(self) -> ServiceRecord:
        """What the service says of itself."""
        return _about(self._foundation)

    def wake_waiters(self) -> None:
        """Let every long poll answer: the service is stopping."""
        self._foundation.bus.wake_all()


# -- all parts


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    """What runs on the foundation, in the order in which it was made."""

    foundation: Foundation
    areas: Areas
    engines: EngineParts
    supply: WheelSupply
    keeper: EnvironmentKeeper
    fetcher: UrlFetcher
    jobs: JobParts
    installs: InstallManager
    offers: Offers
    retention: Retention
    disk_guard: DiskGuard

    async def start(self, stages: Stages) -> None:
        """Take up what a stopped service left."""
        with stages.at("reading the installs and grants that it has"):
            await self.foundation.database.awrite(unreadable_installs.set_aside)
            await self.foundation.lending.grants.sweep()
            await self.foundation.trust.book.sweep()
            refused = self.foundation.database.read(quarantined_files)
            self.foundation.index.refused.update(refused)
        with stages.at("taking up its environments"):
            self.keeper.resume()
        with stages.at("removing what no job and no fetch uses any more"):
            self.fetcher.sweep()
            # before any job starts: what nobody uses now must not be taken from under it
            await asyncio.to_thread(_sweep, self.foundation)
        with stages.at(lambda: _jobs_left(self.foundation)):
            await self.jobs.scheduler.resume()
        with stages.at("taking up the installs that were under way"):
            self.installs.resume()
            self.offers.resume()
        self.retention.start()
        self.disk_guard.start()
        self.foundation.trust.folded_entries.start()

    async def stop(self) -> None:
        """Stop in order: first what makes work for others."""
        await self.disk_guard.stop()
        await self.retention.stop()
        await self.offers.stop()
        await self.installs.stop()
        self.fetcher.stop()
        await self.jobs.stop()
        await self.fetcher.aclose()
        await self.keeper.stop()
        await self.engines.shut_down()
        await self.foundation.trust.folded_entries.stop()

    def for_routes(self) -> ServiceParts:
        foundation, jobs = self.foundation, self.jobs
        return ServiceParts(
            approvals=foundation.approvals,
            areas=self.areas,
            database=foundation.database,
            bus=foundation.bus,
            content=foundation.content,
            disk=foundation.disk,
            folders=jobs.folders,
            grants=foundation.lending.grants,
            grant_costs=foundation.lending.costs,
            passes=foundation.lending.passes,
            identity=foundation.lending.identity,
            device_logins=device_logins_of(foundation),
            index=foundation.index,
            installs=self.installs,
            environments=foundation.environments,
            keeper=self.keeper,
            jobs=jobs.scheduler,
            leaf_polls=jobs.leaf_polls,
            node_desk=node_desk(foundation, self.supply, jobs.folders.path_of),
            offers=self.offers,
            engine=self.engines.local,
            retention=self.retention,
            revocation=self._revocation(),
            quotas=foundation.quotas,
            quarantine=WheelQuarantine(
                database=foundation.database,
                index=foundation.index,
                keeper=self.keeper,
                scheduler=jobs.scheduler,
            ),
            trust=foundation.trust,
            usable_locks=jobs.usable_locks,
            imported=Imported(foundation.database, jobs.views),
            about=_about(foundation),
            url=foundation.settings.url,
        )

    def _revocation(self) -> Revocation:
        foundation = self.foundation
        return Revocation(
            database=foundation.database,
            book=foundation.trust.book,
            grants=foundation.lending.grants,
            scheduler=self.jobs.scheduler,
            retire=self.engines.local.retire_user,
            rotated=partial(_rotated, foundation),
            identity=foundation.lending.identity,
            sealing=foundation.lending.sealing,
        )


def _rotated(foundation: Foundation) -> Path:
    """Make another token for the operator, which alone opens what his did; return its file."""
    foundation.trust.callers.rotate(foundation.home.rotate_token())
    return foundation.home.token_file


def _jobs_left(foundation: Foundation) -> str:
    """Say what the start does with the jobs that a stopped service left."""
    waiting, running = (
        foundation.database.read(partial(job_rows.count, status=status))
        for status in (JobState.WAITING, JobState.RUNNING)
    )
    return f"taking up {running:,} running and {waiting:,} waiting jobs"


def _parts(foundation: Foundation) -> _Parts:
    owner_of = foundation.accounts.owner_of
    areas = Areas(foundation.home.path / "areas", foundation.settings.roots, owner_of)
    engines = engine_parts(foundation, areas)
    supply = WheelSupply(foundation.index, foundation.downloads, loop=asyncio.get_running_loop())
    keeper = _keeper(foundation, supply, engines.local)
    fetcher = _fetcher(foundation, areas)
    jobs = job_parts(foundation, areas, engines.all, keeper, fetcher)
    installs = _install_manager(foundation, keeper, supply, jobs)
    offers = Offers(
        database=foundation.database,
        manager=installs,
        keeper=keeper,
        locks=OfferedLocks(foundation.index, foundation.interpreters),
        python=python_minor(),
    )
    return _Parts(
        foundation=foundation,
        areas=areas,
        engines=engines,
        supply=supply,
        keeper=keeper,
        fetcher=fetcher,
        jobs=jobs,
        installs=installs,
        offers=offers,
        retention=retention_of(foundation, jobs.folders, keeper),
        disk_guard=disk_guard(foundation, jobs, engines.local),
    )


def _sweep(foundation: Foundation) -> None:
    """Remove what services of long ago left; the engine's own copy is new."""
    sweep_unused(foundation.home.path / "runtime")


# -- environments and fetches


def _keeper(foundation: Foundation, supply: WheelSupply, engine: LocalEngine) -> EnvironmentKeeper:
    return EnvironmentKeeper(
        database=foundation.database,
        environments=foundation.environments,
        interpreters=foundation.interpreters,
        fetch_for=supply.for_user,
        quota_bytes=foundation.settings.quota_bytes,
        on_damage=engine.renew,
    )


def _fetcher(foundation: Foundation, areas: Areas) -> UrlFetcher:
    return UrlFetcher(
        database=foundation.database,
        content=foundation.content,
        root=foundation.home.files / "fetching",
        jobs=foundation.home.jobs,
        transport=GuardedTransport(foundation.settings.addresses),
        limit=foundation.settings.fetch_limit_bytes,
        room=foundation.quotas.incoming,
        digest_of=foundation.lending.sealing.digest,
        holds=foundation.trust.possession.holds,
        identity=foundation.lending.identity,
        passes=foundation.lending.passes,
        own=OwnFiles(
            urls=(foundation.endpoints.url, foundation.endpoints.listening),
            database=foundation.database,
            areas=areas,
        ),
    )


# -- installs


def _install_manager(
    foundation: Foundation, keeper: EnvironmentKeeper, supply: WheelSupply, jobs: JobParts
) -> InstallManager:
    index, database = foundation.index, foundation.database
    sources = SourceStation(
        _source_builder(foundation), index, foundation.content, foundation.accounts.of
    )
    return InstallManager(
        database=database,
        bus=foundation.bus,
        interpreters=foundation.interpreters,
        keeper=keeper,
        uploads=UploadStation(index),
        sources=sources,
        locks=LockStation(database, index, _resolver(foundation), sources),
        realisation=RealiseStation(foundation.environments, keeper, supply),
        on_final=jobs.events.install_ended,
        disk=foundation.disk,
        permit=foundation.approvals.require_lock,
        may_have_all=lambda user: user == foundation.trust.directory.operator,
    )


def _resolver(foundation: Foundation) -> ResolverAccess:
    return ResolverAccess(
        resolver=RESOLVERS[foundation.settings.resolver](),
        index_url=foundation.endpoints.internal_index,
        cache=foundation.home.cache / "resolver",
    )


def _source_builder(foundation: Foundation) -> SourceBuilder:
    return SourceBuilder(
        policy=BuildPolicy(allowed=foundation.settings.allow_builds),
        home=foundation.home.path,
        folder=foundation.home.path / "builds",
        index_url=foundation.endpoints.internal_index,
        cache=foundation.home.cache / "resolver" / "uv",
        reached=prefixes_of(foundation),
    )


# -- what the service says of itself


def _about(foundation: Foundation) -> ServiceRecord:
    url = foundation.endpoints.url
    upstream = foundation.settings.upstream
    return ServiceRecord(
        version=__version__,
        user=foundation.user,
        pythons=list(foundation.interpreters),
        index_url=f"{url}/simple/",
        trees_url=f"{url}/trees/simple/",
        upload_url=f"{url}/legacy/",
        upstream=None if upstream is None else without_credentials(upstream),
        platforms={
            minor: list(dict.fromkeys(tag.rpartition("-")[2] for tag in interpreter.tags))
            for minor, interpreter in foundation.interpreters.items()
        },
        builds=foundation.settings.allow_builds,
        environments=foundation.layout.name,
        no_overlay=foundation.layout.why_not,
        not_apart=list(foundation.isolations.gaps),
        accounts=foundation.accounts.are_given,
        identity=foundation.lending.identity.thumbprint,
        kept_by=_kept_by(foundation),
    )


def _kept_by(foundation: Foundation) -> str | None:
    """Return the URL of the index that keeps the released projects; None: this one, or a folder."""
    external = foundation.index.external
    return None if external is None or external.files is not None else external.remote.url
