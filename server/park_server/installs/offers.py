"""What the operator keeps ready for everybody: projects at a version, with all that they need.

An offer is an install of the operator's that the service resolves by itself. Once its lock
is known, the whole closure is installed as pins, so that a client which has the same
versions matches it; its environment is pinned, and so never evicted. Or it is an environment
that is there already, offered by its lock hash.
"""

from __future__ import annotations

import logging
from typing import Any

from packaging.utils import canonicalize_name
from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from park.errors import UnknownItem, UsageError
from park.model.ids import new_id
from park.model.lock_hash import LockHash
from park.model.pins import normalized_version
from park.model.states import InstallState
from park.wire import InstallRecord, InstallRequest, OfferRecord, OfferRequest, PinRecord
from park_repo.database import Database
from park_server.clock import now
from park_server.db.tables import installs, offers
from park_server.envs import environment_rows as environments
from park_server.envs.keeper import EnvironmentKeeper
from park_server.installs import install_rows
from park_server.installs.manager import InstallManager
from park_server.tasks import Tasks

__all__ = ["Offers", "is_offered"]

_log = logging.getLogger("park.installs")


class Offers:
    """The offers of a service. All methods belong to the event loop."""

    def __init__(
        self,
        *,
        database: Database,
        manager: InstallManager,
        keeper: EnvironmentKeeper,
        python: str,
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._manager = manager
        self._python = python
        self._tasks = Tasks(_log, "an offer could not be made ready")

    def resume(self) -> None:
        """Go on with what a stopped service left: offers that are installed, but not pinned."""
        for row in self._database.read(_unfinished):
            self.install_ended(install_rows.record(row))

    async def stop(self) -> None:
        """Drop what is under way; the next start takes it up."""
        await self._tasks.stop()

    async def add(self, user: str, request: OfferRequest) -> OfferRecord:
        """Keep a project ready; where it is offered already, only a failed one is tried again.

        Raises `UsageError` for a request without a project and a version, or a lock, and
        `UnknownItem` for a lock that is not here.
        """
        if request.lock is not None:
            return await self._add_lock(user, request, request.lock)
        if request.project is None or request.version is None:
            raise UsageError(
                "an offer needs a project and a version, or a lock",
                hint="park admin offer PROJECT==VERSION, or park admin offer --lock HASH",
            )
        project = str(canonicalize_name(request.project))
        version = normalized_version(request.version)
        python = request.python or self._python
        known = self._database.read(lambda c: _find(c, project, version, python))
        if known is not None and known.state != InstallState.FAILED:
            return _record(known)
        pins = request.pins or [PinRecord(name=project, version=version)]
        install = await self._install(user, project, version, python, pins)
        row = _row(user, project, version, python, install)
        await self._database.awrite(lambda c: _replace(c, row))
        self._look_at(install)
        return self._offered(project, version, python)

    async def _add_lock(self, user: str, request: OfferRequest, prefix: str) -> OfferRecord:
        """Keep the environment of a lock ready, as what was installed under it.

        It takes the place of another offer of that version.
        """

        def change(connection: Connection) -> Row[Any]:
            lock_hash = install_rows.lock_hash_like(connection, prefix)
            project = request.project and str(canonicalize_name(request.project))
            version = request.version and normalized_version(request.version)
            found = install_rows.installed_as(
                connection, user, lock_hash, project=project, version=version
            )
            before = _find(connection, found.project, found.version, found.python)
            if before is not None:
                _withdraw(connection, [_record(before)])
            _replace(connection, _row(user, found.project, found.version, found.python, found.id))
            _pin(connection, found, lock_hash)
            return found

        install = await self._database.awrite(change)
        self._tasks.spawn(self._made_ready(LockHash(install.lock_hash)))
        return self._offered(install.project, install.version, install.python)

    async def _made_ready(self, lock_hash: LockHash) -> None:
        """Make an environment again that was evicted before it was offered."""
        await self._keeper.ready(lock_hash)

    def _offered(self, project: str, version: str, python: str) -> OfferRecord:
        found = self._database.read(lambda c: _find(c, project, version, python))
        return _record(_required(found, project, version))

    def listing(self) -> list[OfferRecord]:
        """Return every offer, by project and version."""
        return [_record(row) for row in self._database.read(_rows)]

    async def remove(self, project: str, version: str) -> list[OfferRecord]:
        """Keep a project ready no longer; its environments stay until they are evicted.

        Raises `UnknownItem`.
        """
        name = str(canonicalize_name(project))
        found = [
            offer for offer in self.listing() if (offer.project, offer.version) == (name, version)
        ]
        if not found:
            raise UnknownItem(f"{name}=={version} is not offered", hint="`park admin offers`")
        await self._database.awrite(lambda c: _withdraw(c, found))
        return found

    def install_ended(self, install: InstallRecord) -> None:
        """Hear of any install that ended; where it is an offer's, go on with it."""
        row = self._database.read(lambda c: _of_install(c, install.id))
        if row is not None and install.state == InstallState.READY:
            self._tasks.spawn(self._go_on(row, install))

    def _look_at(self, install: str) -> None:
        """Go on at once where the install ended before its offer was written."""
        record = self._manager.record(install)
        if record.state == InstallState.READY:
            self.install_ended(record)

    async def _go_on(self, row: Row[Any], install: InstallRecord) -> None:
        if install.added:  # resolved here: now with the whole closure as pins
            row_of_it = self._database.read(lambda c: install_rows.get(c, install.id))
            pins = install_rows.request_of(row_of_it).pins
            whole = await self._install(
                row.user, row.project, row.version, row.python, [*pins, *install.added]
            )
            await self._database.awrite(lambda c: _point_to(c, row, whole))
            self._look_at(whole)
            return
        lock_hash = str(install.lock_hash)
        await self._database.awrite(lambda c: _pin(c, row, lock_hash))

    async def _install(
        self, user: str, project: str, version: str, python: str, pins: list[PinRecord]
    ) -> str:
        request = InstallRequest(
            id=new_id(), project=project, version=version, python=python, pins=pins
        )
        return (await self._manager.request(user, request)).id


def is_offered(connection: Connection, install: str) -> bool:
    """Tell whether an install is an offer's: then it is everybody's."""
    return _of_install(connection, install) is not None


_JOINED = select(
    offers.c.project.label("offered_project"),
    offers.c.version.label("offered_version"),
    offers.c.created.label("offered"),
    offers.c.is_pinned,
    installs,
).join(installs, installs.c.id == offers.c.install)


def _rows(connection: Connection) -> list[Row[Any]]:
    order = (offers.c.project, offers.c.version, offers.c.python)
    return list(connection.execute(_JOINED.order_by(*order)))


def _unfinished(connection: Connection) -> list[Row[Any]]:
    query = _JOINED.where(offers.c.is_pinned.is_(False), installs.c.state == InstallState.READY)
    return list(connection.execute(query))


def _find(connection: Connection, project: str, version: str, python: str) -> Row[Any] | None:
    return connection.execute(_JOINED.where(_key(project, version, python))).first()


def _of_install(connection: Connection, install: str) -> Row[Any] | None:
    return connection.execute(select(offers).where(offers.c.install == install)).first()


def _key(project: str, version: str, python: str) -> Any:
    return and_(offers.c.project == project, offers.c.version == version, offers.c.python == python)


def _row(user: str, project: str, version: str, python: str, install: str) -> dict[str, Any]:
    return {
        "project": project,
        "version": version,
        "python": python,
        "user": user,
        "install": install,
        "is_pinned": False,
        "created": now(),
    }


def _replace(connection: Connection, row: dict[str, Any]) -> None:
    key = _key(row["project"], row["version"], row["python"])
    connection.execute(delete(offers).where(key))
    connection.execute(insert(offers), row)


def _point_to(connection: Connection, row: Row[Any], install: str) -> None:
    key = _key(row.project, row.version, row.python)
    connection.execute(update(offers).where(key).values(install=install))


def _pin(connection: Connection, row: Row[Any], lock_hash: str) -> None:
    environments.pin(connection, lock_hash, _holder(row.project, row.version))
    key = _key(row.project, row.version, row.python)
    connection.execute(update(offers).where(key).values(is_pinned=True))


def _withdraw(connection: Connection, found: list[OfferRecord]) -> None:
    for offer in found:
        key = _key(offer.project, offer.version, offer.python)
        connection.execute(delete(offers).where(key))
        if offer.lock_hash is not None:
            holder = _holder(offer.project, offer.version)
            environments.unpin(connection, offer.lock_hash, holder)


def _holder(project: str, version: str) -> str:
    """Return under whose name an offer's environment is pinned: no user has such a name."""
    return f"offer {project}=={version}"


def _required(row: Row[Any] | None, project: str, version: str) -> Row[Any]:
    if row is None:
        raise UnknownItem(f"{project}=={version} was withdrawn meanwhile")
    return row


def _record(row: Row[Any]) -> OfferRecord:
    return OfferRecord(
        project=row.offered_project,
        version=row.offered_version,
        python=row.python,
        install=row.id,
        state=row.state,
        lock_hash=row.lock_hash,
        error=(row.error or {}).get("detail"),
        created=row.offered,
    )
