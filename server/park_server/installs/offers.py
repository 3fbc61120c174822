"""What the operator keeps ready for everybody: projects at a version, with all that they need.

An offer is an install of the operator's that the service resolves by itself. Once its lock
is known, the whole closure is installed as pins, so that a client which has the same
versions matches it; its environment is pinned, and so never evicted. Or it is what a lock
of the operator's says (PEP 751), to the letter; or an environment that is there already,
offered by its lock hash.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from packaging.utils import canonicalize_name
from sqlalchemy import Connection

from park.errors import UnknownItem, UsageError
from park.model.ids import new_id
from park.model.lock_hash import LockHash
from park.model.pins import normalized_version
from park.model.states import InstallState
from park.wire import InstallRequest, OfferRecord, OfferRequest, PinRecord
from park_repo.database import Database
from park_server.envs.keeper import EnvironmentKeeper
from park_server.envs.pylock import dump
from park_server.installs import install_rows, lock_rows, offer_rows
from park_server.installs.manager import InstallManager
from park_server.installs.offer_rows import Offer, Offered
from park_server.installs.offered_lock import OfferedLock, OfferedLocks
from park_server.tasks import Tasks

__all__ = ["Offers"]

_log = logging.getLogger("park.installs")


class Offers:
    """The offers of a service. All methods belong to the event loop."""

    def __init__(
        self,
        *,
        database: Database,
        manager: InstallManager,
        keeper: EnvironmentKeeper,
        locks: OfferedLocks,
        python: str,
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._manager = manager
        self._locks = locks
        self._python = python
        self._tasks = Tasks(_log, "an offer could not be made ready")

    def resume(self) -> None:
        """Go on with what a stopped service left: offers that are not pinned yet."""
        for offer in self._database.read(offer_rows.unpinned):
            self._tasks.spawn(self._kept(offer))

    async def stop(self) -> None:
        """Drop what is under way; the next start takes it up."""
        await self._tasks.stop()

    async def add(self, user: str, request: OfferRequest) -> OfferRecord:
        """Keep a project ready; where it is offered already, only a failed one is tried again.

        Raises `UsageError` for a request without a project and a version, or a lock,
        `UnknownItem` for a lock that is not here, and what `OfferedLocks.read` raises.
        """
        if request.lock is not None:
            return await self._add_lock(user, request, request.lock)
        offered = self._named(request)
        if request.pylock is not None:
            return await self._add_pylock(user, offered, request.pylock)
        known = self._database.read(lambda c: offer_rows.find(c, offered))
        if known is not None and known.state is not InstallState.FAILED:
            return offer_rows.record_of(known)
        pins = [PinRecord(name=offered.project, version=offered.version)]
        return await self._follow(user, offered, await self._install(user, offered, pins))

    def listing(self) -> list[OfferRecord]:
        """Return every offer, by project and version."""
        return [offer_rows.record_of(offer) for offer in self._database.read(offer_rows.every)]

    async def remove(self, project: str, version: str) -> list[OfferRecord]:
        """Keep a project ready no longer; its environments stay until they are evicted.

        Raises `UnknownItem`.
        """
        name = str(canonicalize_name(project))

        def change(connection: Connection) -> list[Offer]:
            found = [
                offer
                for offer in offer_rows.every(connection)
                if (offer.offered.project, offer.offered.version) == (name, version)
            ]
            for offer in found:
                offer_rows.withdraw(connection, offer)
            return found

        found = await self._database.awrite(change)
        if not found:
            raise UnknownItem(f"{name}=={version} is not offered", hint="`park admin offers`")
        return [offer_rows.record_of(offer) for offer in found]

    def _named(self, request: OfferRequest) -> Offered:
        if request.project is None or request.version is None:
            raise UsageError(
                "an offer needs a project and a version, or a lock",
                hint="park admin offer PROJECT==VERSION, or park admin offer --lock HASH",
            )
        return Offered(
            project=str(canonicalize_name(request.project)),
            version=normalized_version(request.version),
            python=request.python or self._python,
        )

    async def _add_pylock(self, user: str, offered: Offered, text: str) -> OfferRecord:
        """Keep exactly what a lock file says; it takes the place of another offer of that version.

        The install goes by the pins of the lock, so that clients with the same ones match it.
        """
        lock = await self._locks.read(text, python=offered.python, user=user)
        _require_named(lock, offered)
        lock_hash = lock.selection.hash
        known = self._database.read(lambda c: offer_rows.find(c, offered))
        if known is not None and _is_under(known, lock_hash):
            return offer_rows.record_of(known)
        document = dump(lock.document).decode()
        await self._database.awrite(
            lambda c: lock_rows.keep(c, lock_hash, offered.python, document)
        )
        pins = [PinRecord(name=pin.name, version=pin.version) for pin in lock.pins]
        install = await self._install(user, offered, pins, lock=lock_hash)
        return await self._follow(user, offered, install)

    async def _follow(self, user: str, offered: Offered, install: str) -> OfferRecord:
        """Let an offer go by ``install``, and keep what comes of that."""

        def change(connection: Connection) -> None:
            before = offer_rows.find(connection, offered)
            if before is not None:
                offer_rows.withdraw(connection, before)
            offer_rows.replace(connection, offered, user, install)

        await self._database.awrite(change)
        offer = self._required(offered)
        self._tasks.spawn(self._kept(offer))
        return offer_rows.record_of(offer)

    async def _add_lock(self, user: str, request: OfferRequest, prefix: str) -> OfferRecord:
        """Keep the environment of a lock ready, as what was installed under it.

        It takes the place of another offer of that version.
        """
        project = request.project and str(canonicalize_name(request.project))
        version = request.version and normalized_version(request.version)

        def change(connection: Connection) -> tuple[Offered, LockHash]:
            lock_hash = lock_rows.hash_like(connection, prefix)
            found = install_rows.installed_as(
                connection, user, lock_hash, project=project, version=version
            )
            offered = Offered(project=found.project, version=found.version, python=found.python)
            before = offer_rows.find(connection, offered)
            if before is not None:
                offer_rows.withdraw(connection, before)
            offer_rows.replace(connection, offered, user, found.id)
            offer = offer_rows.find(connection, offered)
            if offer is not None:
                offer_rows.pin(connection, offer, lock_hash)
            return offered, lock_hash

        offered, lock_hash = await self._database.awrite(change)
        self._tasks.spawn(self._made_ready(lock_hash))
        return offer_rows.record_of(self._required(offered))

    async def _made_ready(self, lock_hash: LockHash) -> None:
        """Make an environment again that was evicted before it was offered."""
        await self._keeper.ready(lock_hash)

    def _required(self, offered: Offered) -> Offer:
        found = self._database.read(lambda c: offer_rows.find(c, offered))
        if found is None:
            raise UnknownItem(f"{offered.project}=={offered.version} was withdrawn meanwhile")
        return found

    async def _kept(self, offer: Offer) -> None:
        """Follow the install of ``offer`` to its end, and keep the environment that it made.

        What was resolved here is installed once more, now with the whole closure as pins.
        """
        install = await self._manager.ended(offer.install)
        if install.state is InstallState.FAILED or install.lock_hash is None:
            return
        if not install.added:
            lock_hash = install.lock_hash
            await self._database.awrite(lambda c: offer_rows.pin(c, offer, lock_hash))
            return
        pins = self._database.read(lambda c: install_rows.request_of(c, install.id)).pins
        added = [PinRecord(name=pin.name, version=pin.version) for pin in install.added]
        whole = await self._install(offer.user, offer.offered, [*pins, *added])
        await self._database.awrite(lambda c: offer_rows.point_to(c, offer, whole))
        await self._kept(replace(offer, install=whole))

    async def _install(
        self,
        user: str,
        offered: Offered,
        pins: list[PinRecord],
        *,
        lock: LockHash | None = None,
    ) -> str:
        request = InstallRequest(
            id=new_id(),
            project=offered.project,
            version=offered.version,
            python=offered.python,
            pins=pins,
        )
        return (await self._manager.request(user, request, lock=lock)).id


def _require_named(lock: OfferedLock, offered: Offered) -> None:
    """See that the lock is one of the project that it is offered as."""
    found = [pin.version for pin in lock.pins if pin.name == offered.project]
    if found != [offered.version]:
        has = f"{offered.project}=={found[0]}" if found else f"no {offered.project}"
        raise UsageError(
            f"the lock selects {has} on this service; expected"
            f" {offered.project}=={offered.version}",
            hint="name the project and the version that the lock was made for",
        )


def _is_under(offer: Offer, lock_hash: LockHash) -> bool:
    return offer.lock_hash == lock_hash and offer.state is not InstallState.FAILED
