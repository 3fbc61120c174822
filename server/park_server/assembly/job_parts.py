"""The parts of a service that run jobs, made in the order in which they need each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from park_server.areas.areas import Areas
from park_server.assembly.foundation import Foundation
from park_server.assembly.memo_parts import MemoParts, memo_parts
from park_server.bus import HEARD
from park_server.envs.keeper import EnvironmentKeeper
from park_server.fetches.url_fetcher import UrlFetcher
from park_server.installs.permitted.reach import ReachOfUsers
from park_server.installs.permitted.usable_locks import UsableLocks
from park_server.jobs.admission.room import Room
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.run_rows import source_of
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.dispatcher import Dispatcher
from park_server.jobs.engines.expected_times import ExpectedTimes
from park_server.jobs.engines.switch import Engines
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.fetch_queue import FetchQueue
from park_server.jobs.folder import JobFolders
from park_server.jobs.leaf_polls import LeafPolls
from park_server.jobs.memo.desk import MemoDesk
from park_server.jobs.outside_events import OutsideEvents
from park_server.jobs.progress_listener import ProgressListener
from park_server.jobs.resumption.unread_conditions import UnreadConditions
from park_server.jobs.resumption.unsettled_changes import UnsettledChanges
from park_server.jobs.scheduler import Scheduler
from park_server.jobs.stopping.stopper import Stopper
from park_server.jobs.turns.turns import Turns
from park_server.peers.peers import ServicePeers
from park_server.used.lock_views import Views

__all__ = ["JobParts", "job_parts"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _JobBase:
    """What the parts that run jobs share."""

    folders: JobFolders
    commits: Commits
    settlement: Settlement
    memo: MemoParts
    memo_desk: MemoDesk
    failsafe: Failsafe
    usable_locks: UsableLocks


@dataclass(frozen=True, kw_only=True, slots=True)
class JobParts:
    """What runs jobs, and tells of them."""

    folders: JobFolders
    events: OutsideEvents
    unread: UnreadConditions
    unsettled: UnsettledChanges
    progress: ProgressListener
    peers: ServicePeers
    dispatcher: Dispatcher
    fetch_queue: FetchQueue
    stopper: Stopper
    scheduler: Scheduler
    leaf_polls: LeafPolls
    memo_desk: MemoDesk
    usable_locks: UsableLocks
    views: Views

    async def stop(self) -> None:
        """Start nothing more; what runs goes on by itself and is found at the next start."""
        await self.scheduler.rest()
        await self.peers.stop()
        await self.memo_desk.stop()
        self.progress.stop()
        await self.unread.stop()
        await self.unsettled.stop()
        await self.events.stop()
        await self.stopper.stop()
        await self.fetch_queue.stop()
        await self.dispatcher.stop()


def job_parts(
    foundation: Foundation,
    areas: Areas,
    engines: Engines,
    keeper: EnvironmentKeeper,
    fetcher: UrlFetcher,
) -> JobParts:
    """Return the parts that run jobs on ``engines``, in the environments of ``keeper``."""
    base = _job_base(foundation, areas, engines.runtime_hash)
    dispatcher = _dispatcher(foundation, base, engines, keeper)
    fetch_queue = _fetch_queue(foundation, base, fetcher)
    events = OutsideEvents(base.commits, base.settlement, base.failsafe)
    progress = _progress(foundation, base, events)
    peers = _peers(foundation, events)
    stopper = _stopper(foundation, base, dispatcher, fetch_queue)
    return JobParts(
        folders=base.folders,
        events=events,
        unread=UnreadConditions(base.commits, base.settlement, base.failsafe),
        unsettled=_unsettled(foundation, base),
        progress=progress,
        peers=peers,
        dispatcher=dispatcher,
        fetch_queue=fetch_queue,
        stopper=stopper,
        scheduler=_scheduler(
            foundation,
            base,
            dispatcher=dispatcher,
            fetch_queue=fetch_queue,
            stopper=stopper,
            peers=peers,
            engines=engines,
        ),
        usable_locks=base.usable_locks,
        leaf_polls=_leaf_polls(foundation, base, progress),
        memo_desk=base.memo_desk,
        views=base.memo.views,
    )


def _unsettled(foundation: Foundation, base: _JobBase) -> UnsettledChanges:
    return UnsettledChanges(
        database=foundation.database,
        commits=base.commits,
        settlement=base.settlement,
        failsafe=base.failsafe,
    )


def _usable_locks(foundation: Foundation) -> UsableLocks:
    trust = foundation.trust
    return UsableLocks(foundation.database, trust.sharing, foundation.approvals.permits)


def _progress(foundation: Foundation, base: _JobBase, events: OutsideEvents) -> ProgressListener:
    return ProgressListener(
        folder_of=base.folders.path_of,
        bus=foundation.bus,
        commits=base.commits,
        on_growth=events.reported,
        runs_of=lambda jobs: foundation.database.read(lambda c: source_of(c, jobs)),
    )


def _job_base(foundation: Foundation, areas: Areas, runtime_hash: str) -> _JobBase:
    owner_of = foundation.accounts.owner_of
    folders = JobFolders(foundation.home.jobs, foundation.content, areas, owner_of=owner_of)
    commits = Commits(foundation.database, foundation.disk)
    memo = memo_parts(foundation, areas, runtime_hash)
    settlement = Settlement(
        database=foundation.database,
        folder_of=folders.path_of,
        pools=foundation.settings.pools,
        memory=memo.recall,
    )
    return _JobBase(
        folders=folders,
        commits=commits,
        settlement=settlement,
        memo=memo,
        memo_desk=memo.desk(foundation, commits, settlement),
        failsafe=Failsafe(bus=foundation.bus, settlement=settlement, commits=commits),
        usable_locks=_usable_locks(foundation),
    )


def _dispatcher(
    foundation: Foundation, base: _JobBase, engines: Engines, keeper: EnvironmentKeeper
) -> Dispatcher:
    return Dispatcher(
        database=foundation.database,
        bus=foundation.bus,
        environments=keeper,
        folders=base.folders,
        engine=engines,
        runtime_hash=engines.runtime_hash,
        room=Room(engines.offers()),
        expected=ExpectedTimes(foundation.settings.short_s),
        settlement=base.settlement,
        commits=base.commits,
        failsafe=base.failsafe,
        disk=foundation.disk,
        base_url=foundation.endpoints.url,
        # inputs are links to files by content, which many jobs share
        read_only=(*foundation.environments.protected, foundation.content.folder),
        run_notes=base.memo.run_notes(foundation, base.folders),
        turns=Turns(foundation.quotas),
    )


def _fetch_queue(foundation: Foundation, base: _JobBase, fetcher: UrlFetcher) -> FetchQueue:
    queue = FetchQueue(
        database=foundation.database,
        bus=foundation.bus,
        folders=base.folders,
        settlement=base.settlement,
        commits=base.commits,
        failsafe=base.failsafe,
        fetcher=fetcher,
        opened=foundation.lending.sealing.opened,
        base_url=foundation.endpoints.url,
        resting=foundation.lending.passes.waiting,
    )
    foundation.lending.passes.on_change(queue.look)
    return queue


def _peers(foundation: Foundation, events: OutsideEvents) -> ServicePeers:
    return ServicePeers(
        database=foundation.database,
        content=foundation.content,
        addresses=foundation.settings.addresses,
        listener=events,
        disk=foundation.disk,
        identity=foundation.lending.identity,
        passes=foundation.lending.passes,
        opened=foundation.lending.sealing.opened,
        largest_bytes=foundation.settings.fetch_limit_bytes,
        room=foundation.quotas.incoming,
        heard=partial(foundation.bus.publish, HEARD),
    )


def _stopper(
    foundation: Foundation, base: _JobBase, dispatcher: Dispatcher, fetch_queue: FetchQueue
) -> Stopper:
    return Stopper(
        database=foundation.database,
        folders=base.folders,
        commits=base.commits,
        failsafe=base.failsafe,
        dispatcher=dispatcher,
        fetch_queue=fetch_queue,
    )


def _scheduler(
    foundation: Foundation,
    base: _JobBase,
    *,
    dispatcher: Dispatcher,
    fetch_queue: FetchQueue,
    stopper: Stopper,
    peers: ServicePeers,
    engines: Engines,
) -> Scheduler:
    return Scheduler(
        database=foundation.database,
        bus=foundation.bus,
        folders=base.folders,
        settlement=base.settlement,
        commits=base.commits,
        failsafe=base.failsafe,
        dispatcher=dispatcher,
        fetch_queue=fetch_queue,
        stopper=stopper,
        peers=peers,
        disk=foundation.disk,
        reach=ReachOfUsers(base.usable_locks, foundation.trust.possession),
        engines=engines,
        quotas=foundation.quotas,
        holds_shipped=lambda: foundation.trust.directory.policy.grants.shipped,
        seal=foundation.lending.sealing.seal,
        give_account=foundation.accounts.give,
        look_ahead=base.memo_desk.look_ahead,
    )


def _leaf_polls(foundation: Foundation, base: _JobBase, progress: ProgressListener) -> LeafPolls:
    return LeafPolls(
        database=foundation.database,
        bus=foundation.bus,
        progress=progress,
        settlement=base.settlement,
        folder_of=base.folders.path_of,
    )
