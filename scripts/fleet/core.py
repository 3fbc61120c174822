"""The scheduler of a service, as its assembly makes it, on simulated nodes."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, insert

from fleet.world import Environments, Fleet, NoFolders, SimulatedEngine
from park_repo.database import Database
from park_server.areas.areas import Areas
from park_server.bus import Bus
from park_server.clock import now
from park_server.content import ContentStore
from park_server.db.migrate import migrate
from park_server.db.tables import environments, installs, locks
from park_server.disk import Disk
from park_server.jobs.admission.room import room_of_slots
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.dispatcher import Dispatcher
from park_server.jobs.engines.offers import LOCAL, EngineOffer
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.fetch_queue import FetchQueue
from park_server.jobs.scheduler import Scheduler
from park_server.jobs.seams import NoFetcher, NoPeers
from park_server.jobs.stopping.stopper import Stopper
from park_server.jobs.turns.turns import Turns
from park_server.quotas.quotas import Quotas

__all__ = ["Core", "lock_of"]


class _Everybody:
    """Who may use everything."""

    def may_use(self, user: str, lock_hash: str) -> bool:
        """Say yes."""
        return bool(user and lock_hash)

    def may_refer_to_all(self, user: str) -> bool:
        """Say yes."""
        return bool(user)

    def require_files(self, user: str, digests: Collection[str]) -> None:
        """Raise nothing."""


class _Machines:
    """The engine of the fleet, as the scheduler asks what it can give."""

    def __init__(self, slots: int) -> None:
        self._slots = slots

    def offers(self) -> list[EngineOffer]:
        """Return what it can give."""
        return [EngineOffer(name=LOCAL, cpus=self._slots)]

    def remark(self, job_id: str) -> None:
        """Say nothing."""
        del job_id


async def _give_none(_: str) -> None:
    """Have all jobs be the account of the service."""


async def _remember_nothing(*_: object) -> bool:
    """Answer no job by an earlier one: all of a fleet's are to run."""
    return False


def _of_the_service(_user: str) -> None:
    """Have all files be the service's own."""


class Core:
    """A database below ``root``, and the scheduler on it; made in an event loop."""

    def __init__(self, root: Path, fleet: Fleet) -> None:
        self.file = root / "park.sqlite"
        self.database = Database.sqlite(self.file)
        migrate(self.database.engine)
        self.database.write(lambda c: _made(c, fleet.environments)).result()
        self.engine = SimulatedEngine(fleet)
        bus, disk = Bus(), Disk()
        bus.bind()
        content = ContentStore(root / "files")
        areas = Areas(root / "areas", {}, _of_the_service)
        folders = NoFolders(root / "jobs", content, areas, owner_of=_of_the_service)
        settlement = Settlement(
            database=self.database, folder_of=folders.path_of, pools={}, memory=None
        )
        commits = self.commits = Commits(self.database, disk)
        failsafe = Failsafe(bus=bus, settlement=settlement, commits=commits)
        # each by its name, so that what a part comes to need is missed where types are checked
        self.dispatcher = Dispatcher(
            database=self.database,
            folders=folders,
            commits=commits,
            failsafe=failsafe,
            bus=bus,
            settlement=settlement,
            environments=Environments(),
            engine=self.engine,
            runtime_hash="simulated",
            room=room_of_slots(fleet.slots),
            disk=disk,
            turns=Turns(clock=lambda: self.engine.now),
        )
        fetches = FetchQueue(
            database=self.database,
            folders=folders,
            commits=commits,
            failsafe=failsafe,
            bus=bus,
            settlement=settlement,
            fetcher=NoFetcher(),
            opened=str,
            base_url="",
        )
        stopper = Stopper(
            database=self.database,
            folders=folders,
            commits=commits,
            failsafe=failsafe,
            dispatcher=self.dispatcher,
            fetch_queue=fetches,
        )
        self.scheduler = Scheduler(
            database=self.database,
            folders=folders,
            commits=commits,
            failsafe=failsafe,
            bus=bus,
            settlement=settlement,
            dispatcher=self.dispatcher,
            fetch_queue=fetches,
            stopper=stopper,
            peers=NoPeers(),
            disk=disk,
            reach=_Everybody(),
            engines=_Machines(fleet.slots),
            look_ahead=_remember_nothing,
            quotas=Quotas.without_limits(),
            holds_shipped=lambda: True,
            seal=str,
            give_account=_give_none,
        )
        self._parts = (stopper, fetches, self.dispatcher)

    async def close(self) -> None:
        """Stop, and leave the database."""
        await self.scheduler.rest()
        for part in self._parts:
            await part.stop()
        self.database.close()


def lock_of(number: int) -> str:
    """Return the lock hash of an environment."""
    return f"{number:064x}"


def _made(connection: Connection, count: int) -> None:
    moment, named = now(), [lock_of(each) for each in range(count)]
    connection.execute(
        insert(locks),
        [{"lock_hash": n, "python": "3.11", "document": "", "created": moment} for n in named],
    )
    facts = {"packages": 1, "size_bytes": 0, "own_bytes": 0, "created": moment, "realised": moment}
    rows = [{"lock_hash": name, "state": "ready", **facts} for name in named]
    connection.execute(insert(environments), rows)
    install = {
        "user": "operator",
        "project": "simulated",
        "version": "1",
        "python": "3.11",
        "request": {},
        "state": "ready",
        "added": [],
        "realised": False,
        "created": moment,
        "updated": moment,
    }
    by_lock = [{"id": n, "set_hash": n, "lock_hash": n, **install} for n in named]
    connection.execute(insert(installs), by_lock)
