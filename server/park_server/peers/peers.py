"""The other services that jobs here wait for: one follower for each, whatever waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from functools import partial
from typing import TypeVar

import httpx2
from sqlalchemy.exc import SQLAlchemyError

from park.errors import ParkError, UsageError
from park.model.ids import JobId
from park.model.truth import Verdict, never
from park_repo.database import Change, Database
from park_server.bouncing.wanted_passes import WantedPassBook
from park_server.content import ContentStore
from park_server.db.blocks import each_readable
from park_server.disk import Disk
from park_server.egress.addresses import AddressPolicy
from park_server.egress.guarded_transport import GuardedTransport
from park_server.jobs.seams import PeerListener
from park_server.peers import peer_rows
from park_server.peers.follower import Follower, Key
from park_server.peers.link import Barred, Followed, Link, Silent
from park_server.peers.race_orders import RaceOrders
from park_server.peers.renewals import Renewals
from park_server.peers.staging import Stager
from park_server.proofs.identity import ServiceIdentity
from park_server.quotas.incoming import RoomFor
from park_server.tasks import Tasks

__all__ = ["ServicePeers"]

_log = logging.getLogger("park.peers")

T = TypeVar("T")

_AGAIN_S = 1.0
"""Until the next look at a database that could not be read."""

_GIVE_BACK_PAUSES_S = (0.2, 1.0, 5.0, 25.0)
"""Between attempts to give a grant back; after the last it is left to expire."""


class ServicePeers:
    """Follows, stages and gives back; see `park_server.jobs.seams.Peers`.

    ``listener`` hears what is decided and staged; ``client`` may bring a test's transport.
    ``identity`` signs what is asked with grants that are bound to it; ``passes`` are wanted for
    those that are bounced, and ``opened`` opens what is kept sealed of all. ``heard`` is called
    where another service said something of what is undecided. All methods belong to the event
    loop.
    """

    def __init__(
        self,
        *,
        database: Database,
        content: ContentStore,
        addresses: AddressPolicy,
        listener: PeerListener,
        opened: Callable[[str], str],
        client: Callable[[AddressPolicy], httpx2.AsyncClient] | None = None,
        identity: ServiceIdentity | None = None,
        passes: WantedPassBook | None = None,
        disk: Disk | None = None,
        largest_bytes: int = 20 << 30,
        room: RoomFor,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._heard = heard
        self._database = database
        self._addresses = addresses
        self._listener = listener
        self._new_client = client or _client
        self._client: httpx2.AsyncClient | None = None
        self._identity = identity
        self._opened = opened
        self._passes = passes
        self._links: dict[str, Link] = {}
        self._followers: dict[Link, Follower] = {}
        self._followed: dict[JobId, dict[Key, Link]] = {}
        self._disk = disk or Disk()
        self._stager = Stager(
            database=database,
            content=content,
            link=self._link,
            listener=listener,
            disk=self._disk,
            largest_bytes=largest_bytes,
            room=room,
        )
        self._orders = RaceOrders(
            database=database, link=self._link, disk=self._disk, done=self.release
        )
        self._renewals = Renewals(database, self._link)
        self._to_follow: dict[JobId, None] = {}
        self._releasing: set[JobId] = set()
        self._tasks = Tasks(_log, "a step with another service failed")

    async def stop(self) -> None:
        """Leave everything as it is; the next start takes it up."""
        await self._tasks.stop()
        await self._renewals.stop()
        await self._orders.stop()
        await self._stager.stop()
        for follower in self._followers.values():
            await follower.stop()
        for link in self._links.values():
            await link.stop()
        if self._client is not None:
            await self._client.aclose()

    def follow(self, job: JobId) -> None:
        """Follow the undecided remote leaves of ``job``, whose rows are committed."""
        if not self._to_follow:
            self._tasks.spawn(self._follow_all())
        self._to_follow[job] = None
        self._renewals.begin()

    def stage(self, job: JobId) -> None:
        """Bring here what the call of ``job`` refers to."""
        self._stager.stage(job)
        self._renewals.begin()

    def order(self, race: JobId) -> None:
        """Have those ended elsewhere that have lost ``race``, whose rows are committed."""
        self._orders.carry_out(race)

    def release(self, job: JobId) -> None:
        """Give back the grants of ``job``, and follow nothing for it."""
        self._to_follow.pop(job, None)
        self._stager.drop(job)
        for key, link in self._followed.pop(job, {}).items():
            self._followers[link].drop([key])
        if job not in self._releasing:
            self._releasing.add(job)
            self._tasks.spawn(self._release(job))

    def remark(self, job: JobId) -> str:
        """Return a line on the services that ``job`` waits for and that are silent."""
        links = {*self._followed.get(job, {}).values(), *self._stager.asked(job)}
        silences = sorted(link.remark for link in links if link.remark)
        wanted = "" if self._passes is None else self._passes.remark(job)
        return "; ".join(filter(None, [*silences, wanted]))

    def said(self, job: JobId) -> dict[int, str]:
        """Return what other services said last of what ``job`` waits for, by the leaf's position.

        From any thread.
        """
        followed = dict(self._followed.get(job, {}))
        found = {key[1]: self._followers[link].said(key) for key, link in followed.items()}
        return {position: line for position, line in found.items() if line}

    def _link(self, url: str) -> Link:
        """Return the way to the service at ``url``; raises `UsageError` for no such URL."""
        if self._client is None:
            self._client = self._new_client(self._addresses)
        link = Link(url, self._client, self._opened, self._identity, self._passes)
        return self._links.setdefault(link.url, link)

    async def _follow_all(self) -> None:
        """Follow for all that were named meanwhile, in one look at the database."""
        jobs, self._to_follow = self._to_follow, {}
        try:
            await self._follow_leaves(jobs)
        except SQLAlchemyError:  # no job's fault
            _log.exception("what jobs wait for elsewhere could not be read")
            await asyncio.sleep(_AGAIN_S)
            for job in jobs:
                self.follow(job)
        except Exception as error:  # noqa: BLE001 (nobody else would follow for them)
            _log.exception("what jobs wait for elsewhere could not be followed")
            for job in jobs:
                if job not in self._followed:
                    await self._cannot_follow(job, error)

    async def _cannot_follow(self, job: JobId, error: Exception) -> None:
        """Have ``job`` ended; where that fails, once more."""
        why = f"the service failed to follow what it waits for: {error!r}"
        try:
            await self._listener.cannot_stage(job, why)
        except Exception:  # noqa: BLE001 (told in the log)
            _log.exception("job %s could not be ended", job)
            await self._listener.cannot_stage(job, why)

    async def _follow_leaves(self, jobs: Collection[JobId]) -> None:
        leaves, unreadable = each_readable(
            jobs, lambda some: self._database.read(lambda c: peer_rows.undecided(c, some))
        )
        for job, error in unreadable.items():
            await self._cannot_follow(job, error)
        held = self._database.read(lambda c: peer_rows.held_by(c, jobs))
        lent = peer_rows.lent_in(held)
        refused: list[tuple[Key, str]] = []
        by_link: dict[Link, dict[Key, Followed]] = {}
        for leaf in leaves:
            key = (leaf.job, leaf.position)
            try:
                link = self._link(leaf.service)
                opened_by = lent[leaf.job, link.url]
            except UsageError as error:
                refused.append((key, error.message))
            except KeyError:
                refused.append((key, f"no grant of {leaf.service} came with the job"))
            else:
                by_link.setdefault(link, {})[key] = Followed(leaf.leaf, opened_by)
        for link, followed in by_link.items():
            self._follower(link).add(followed)
            for key in followed:
                self._followed.setdefault(key[0], {})[key] = link
        for key, why in refused:
            await self._decided(key, never(why))

    def _follower(self, link: Link) -> Follower:
        if link not in self._followers:
            self._followers[link] = Follower(link, self._decided, self._heard)
        return self._followers[link]

    async def _decided(self, key: Key, verdict: Verdict) -> None:
        job, position = key
        await self._listener.leaf_decided(job, position, verdict)
        if (followed := self._followed.get(job)) is not None:
            followed.pop(key, None)
            if not followed:
                del self._followed[job]

    async def _release(self, job: JobId) -> None:
        try:
            if self._orders.are_open(job):  # what opens the others is needed for these
                return
            for held in self._database.read(lambda c: peer_rows.held_by(c, [job])):
                if not await self._written(partial(peer_rows.release, held=held)):
                    await self._give_back(held)
                    await self._written(partial(peer_rows.forget, held=held))
        finally:
            self._releasing.discard(job)

    async def _give_back(self, held: peer_rows.Held) -> None:
        """Revoke a grant where it was made; it is no harm, but untidy, where that fails."""
        for pause in (*_GIVE_BACK_PAUSES_S, None):
            try:
                await self._link(held.service).give_back(held.lent)
            except (ParkError, Barred):  # revoked, expired, unknown: it opens nothing now
                return
            except Silent as error:
                if pause is None:
                    _log.info("a grant of %s is left to expire: %s", held.service, error)
                    return
                await asyncio.sleep(pause)
            else:
                return

    async def _written(self, change: Change[T]) -> T:
        """Commit ``change``, however long the disk refuses it."""
        return await self._disk.patiently(lambda: self._database.awrite(change))


def _client(addresses: AddressPolicy) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=GuardedTransport(addresses), follow_redirects=False)
