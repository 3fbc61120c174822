"""The database: reads in the calling thread, writes through one thread with group commit.

SQLite has one writer at a time anyway, and a PostgreSQL database has one here as well: what is
read and then written needs no other isolation. A queue in front of it turns contention into
order, and makes one durable commit (an ``fsync``) pay for everything that queued up behind the
last one. A write is acknowledged only when its commit is durable.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from park.errors import ServiceFault
from park_repo.integrity import DatabaseFile, is_damage
from park_repo.loop_futures import in_loop
from park_repo.sql.commit_tally import CommitTally
from park_repo.sql.custody import Custody
from park_repo.sql.losses import is_loss
from park_repo.sql.outage import Outage
from park_repo.sql.postgresql_engine import postgresql_engine
from park_repo.sql.queued_changes import Batch, Change, Joint, QueuedChange, made
from park_repo.sql.read_connections import Readers
from park_repo.sql.sole_writer import SoleWriter
from park_repo.sql.sqlite_engine import sqlite_engine

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Batch", "Change", "Database", "Joint"]

_log = logging.getLogger("park.database")

T = TypeVar("T")
Item = TypeVar("Item")

_BATCH_LIMIT = 256
"""About the most changes in one transaction, so that the first of them never waits long."""


class Database:
    """One database of a service, for any number of threads.

    ``reader`` and ``writer`` are engines on the same database; they may be the same one.
    ``engine`` is the writer's, for migrations before the service starts. ``custody`` tells
    whether it is still whole and ours: once it is not, nothing is acknowledged any more.
    ``outage`` is what is known of a server that cannot be reached, ``tally`` what was committed.
    """

    def __init__(
        self,
        *,
        reader: Engine,
        writer: Engine,
        custody: Custody | None = None,
        outage: Outage | None = None,
    ) -> None:
        self._readers = Readers(reader)
        self.engine = writer
        self._custody = custody or Custody()
        self.outage = outage or Outage()
        self.tally = CommitTally()
        self._damage: str | None = None
        self._queue: queue.SimpleQueue[list[QueuedChange[Any]] | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._write_loop, name="park-db-writer", daemon=True)
        self._thread.start()

    @classmethod
    def sqlite(cls, path: Path) -> Database:
        """Open the SQLite file at ``path`` (made if absent; its directory must exist)."""
        return cls(
            reader=sqlite_engine(path, read_only=True),
            writer=sqlite_engine(path, read_only=False),
            custody=DatabaseFile(path),
        )

    @classmethod
    def postgresql(cls, url: URL) -> Database:
        """Open the PostgreSQL database at ``url``, which must be there.

        Raises `CannotSatisfy` where its driver is not installed.
        """
        return cls(
            reader=postgresql_engine(url, read_only=True),
            writer=postgresql_engine(url, read_only=False),
            custody=SoleWriter(),
        )

    def read(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` in the calling thread, on one snapshot of the committed state.

        A read by key takes some tens of microseconds, so the event loop may call this.
        Raises `ServiceFault` where the database turns out to be damaged, and `DBAPIError`
        where its server is lost, also when asked anew.
        """
        if (lost := self.outage.fresh) is not None:
            raise lost
        try:
            return self._readers.ask(query)
        except DBAPIError as error:
            if is_loss(error):
                self._readers.forget()  # those are lost as well; new ones may be had
                return self._asked_again(query)
            if not is_damage(error):
                raise
            raise self.condemn(str(error.orig)) from error

    def _asked_again(self, query: Callable[[Connection], T]) -> T:
        try:
            found = self._readers.ask(query)
        except DBAPIError as error:
            if is_loss(error):
                self.outage.begin(error)
            raise
        self.outage.over()
        return found

    @property
    def is_damaged(self) -> bool:
        """Whether it turned out to be damaged, and acknowledges nothing any more."""
        return self._damage is not None

    def condemn(self, damage: str) -> ServiceFault:
        """Acknowledge nothing more, because of ``damage``; return what whoever asks is told."""
        if self._damage is None:
            self._damage = damage
            _log.critical(
                "the database is damaged, and nothing is acknowledged any more: %s;"
                " stop the service and bring park.sqlite back from a backup",
                damage,
            )
        return ServiceFault(
            f"the database of the service is damaged, and nothing was kept: {self._damage}",
            hint="its operator stops it and brings park.sqlite back from a backup",
        )

    def write(self, change: Change[T]) -> Future[T]:
        """Queue ``change``; the future resolves when its commit is durable.

        An exception of the change undoes that change alone, and is the future's exception.
        Raises `ServiceFault` once the database is closed, or known to be damaged.
        """
        queued = QueuedChange(change)
        self._put([queued])
        return queued.future

    def write_joint(self, joint: Joint[Item, T], item: Item) -> Future[T]:
        """Queue the change of ``item``, which is made with others of its kind that wait by then.

        They have one outcome; otherwise as `write`.
        """
        queued = QueuedChange.of(joint, item)
        self._put([queued])
        return queued.future

    @contextmanager
    def together(self) -> Iterator[Batch]:
        """Gather changes that shall share a commit; they are queued where the block ends.

        Each is undone alone where it fails, as in `write`. Nothing is queued where the
        block raises.
        """
        batch = Batch()
        yield batch
        if batch.changes:
            self._put(batch.changes)

    def _put(self, changes: list[QueuedChange[Any]]) -> None:
        if self._damage is not None:
            raise self.condemn(self._damage)
        with self._closing:
            if self._closed:
                raise ServiceFault("the database is closed; nothing more can be written")
            self._queue.put(changes)

    async def awrite(self, change: Change[T]) -> T:
        """Run `write` and await its future."""
        return await in_loop(self.write(change))

    async def awrite_joint(self, joint: Joint[Item, T], item: Item) -> T:
        """Run `write_joint` and await its future."""
        return await in_loop(self.write_joint(joint, item))

    def close(self) -> None:
        """Commit what is queued, then end the writer thread and the connections."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self.outage.give_up()
        self._thread.join()
        self._readers.close()
        self.engine.pool.dispose()  # not the engine, which would take a new pool

    def _write_loop(self) -> None:
        is_open = True
        connection: Connection | None = None
        while is_open:
            changes, is_open = self._next_batch()
            batch = [each for each in changes if each.future.set_running_or_notify_cancel()]
            if batch:
                connection = self._commit(batch, connection)
        if connection is not None:
            connection.close()

    def _next_batch(self) -> tuple[list[QueuedChange[Any]], bool]:
        """Wait for a change; return it with what queued behind it, and whether more may come."""
        batch: list[QueuedChange[Any]] = []
        changes = self._queue.get()
        while changes is not None:
            batch.extend(changes)
            if len(batch) >= _BATCH_LIMIT or self._queue.empty():
                return batch, True
            changes = self._queue.get()
        return batch, False

    def _commit(
        self, batch: list[QueuedChange[Any]], connection: Connection | None
    ) -> Connection | None:
        """Run the batch in one transaction; each change learns its outcome after the commit.

        Where the server is lost meanwhile it is run again, unless its commit was the last that
        the server did. Returns the connection for the next batch (to take one from the pool and
        give it back costs as much as a small change), or None where a new one is needed then.
        """
        started, failures, mark = self.outage.started(), 0, _Mark()
        while True:
            try:
                self._require_whole()
                connection = connection or self._entered()
                if not self._was_kept(connection, mark):
                    self._run(connection, batch, mark)
            except BaseException as error:  # noqa: BLE001 (whoever waits must hear of it, whatever it is)
                connection = _usable(connection, error)
                failures += 1
                if not self.outage.outlasts(error, failures, started):
                    self._fail(batch, error)
                    return connection
            else:
                self.outage.over()
                self._custody.left()
                for each in batch:
                    each.acknowledge()
                return connection

    def _entered(self) -> Connection:
        """Return a new connection of the one writer."""
        connection = self.engine.connect()
        try:
            self._custody.enter(connection)
        except BaseException:
            _discarded(connection)
            raise
        return connection

    def _run(self, connection: Connection, batch: list[QueuedChange[Any]], mark: _Mark) -> None:
        with self.tally.timed(len(batch)), connection.begin():
            made(connection, batch)
            mark.of = self._custody.mark(connection)

    def _was_kept(self, connection: Connection, mark: _Mark) -> bool:
        """Tell whether an earlier try, of whose commit nothing was heard, was committed."""
        return mark.of is not None and self._custody.has_kept(connection, mark.of)

    def _fail(self, batch: list[QueuedChange[Any]], error: BaseException) -> None:
        heard = self.condemn(str(error)) if is_damage(error) else error
        for each in batch:
            each.future.set_exception(heard)

    def _require_whole(self) -> None:
        """Raise `ServiceFault` where the database is not as the last transaction left it."""
        fault = self._custody.fault()
        if fault is not None:
            raise self.condemn(fault)


class _Mark:
    """By what a transaction is known whose commit may get no answer."""

    of: str | None = None


def _usable(connection: Connection | None, error: BaseException) -> Connection | None:
    """Return ``connection`` where ``error`` is no fault of it; else it is given up."""
    if connection is not None and not isinstance(error, DBAPIError) and not connection.invalidated:
        return connection
    _discarded(connection)
    return None


def _discarded(connection: Connection | None) -> None:
    """Give up a connection, and with it what its session holds."""
    if connection is not None:
        with suppress(SQLAlchemyError):
            connection.invalidate()
        with suppress(SQLAlchemyError):
            connection.close()
