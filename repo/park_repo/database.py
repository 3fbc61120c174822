"""The database: reads in the calling thread, writes through one thread with group commit.

SQLite has one writer at a time anyway; a queue in front of it turns contention into order,
and makes one durable commit (an ``fsync``) pay for everything that queued up behind the
last one. A write is acknowledged only when its commit is durable.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from park.errors import ServiceFault
from park_repo.integrity import DatabaseFile, is_damage

if TYPE_CHECKING:
    from pathlib import Path
    from sqlite3 import Connection as DBAPIConnection

__all__ = ["Batch", "Change", "Database"]

_log = logging.getLogger("park.database")

T = TypeVar("T")

Change = Callable[[Connection], T]
"""A unit of work: uses the connection that it is given, and neither commits nor rolls back."""

_BATCH_LIMIT = 256
"""About the most changes in one transaction, so that the first of them never waits long."""

_BUSY_TIMEOUT_S = 30.0
"""Seconds that SQLite waits for another process (a backup, a migration) that holds the lock."""


class Database:
    """One database of a service, for any number of threads.

    ``reader`` and ``writer`` are engines on the same database; they may be the same one.
    ``engine`` is the writer's, for migrations before the service starts. ``file`` tells
    whether it is still whole: once it is not, nothing is acknowledged any more.
    """

    def __init__(self, *, reader: Engine, writer: Engine, file: DatabaseFile | None = None) -> None:
        self._reader = reader
        self.engine = writer
        self._file = file
        self._damage: str | None = None
        self._queue: queue.SimpleQueue[list[_Job[Any]] | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._write_loop, name="park-db-writer", daemon=True)
        self._thread.start()

    @classmethod
    def sqlite(cls, path: Path) -> Database:
        """Open the SQLite file at ``path`` (made if absent; its directory must exist)."""
        return cls(
            reader=_sqlite_engine(path, read_only=True),
            writer=_sqlite_engine(path, read_only=False),
            file=DatabaseFile(path),
        )

    def read(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` in the calling thread, on one snapshot of the committed state.

        A read by key takes some tens of microseconds, so the event loop may call this.
        Raises `ServiceFault` where the database turns out to be damaged.
        """
        try:
            with self._reader.connect() as connection, connection.begin():
                return query(connection)
        except DBAPIError as error:
            if not is_damage(error):
                raise
            raise self.condemn(str(error.orig)) from error
        finally:
            if self._closed:  # what went back to the pool after `close`
                self._reader.pool.dispose()

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
        job = _Job(change)
        self._put([job])
        return job.future

    @contextmanager
    def together(self) -> Iterator[Batch]:
        """Gather changes that shall share a commit; they are queued where the block ends.

        Each is undone alone where it fails, as in `write`. Nothing is queued where the
        block raises.
        """
        batch = Batch()
        yield batch
        if batch.jobs:
            self._put(batch.jobs)

    def _put(self, jobs: list[_Job[Any]]) -> None:
        if self._damage is not None:
            raise self.condemn(self._damage)
        with self._closing:
            if self._closed:
                raise ServiceFault("the database is closed; nothing more can be written")
            self._queue.put(jobs)

    async def awrite(self, change: Change[T]) -> T:
        """Run `write` and await its future."""
        return await asyncio.wrap_future(self.write(change))

    def close(self) -> None:
        """Commit what is queued, then end the writer thread and the connections."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()
        for engine in (self._reader, self.engine):
            engine.pool.dispose()  # not the engine, which would take a new pool

    def _write_loop(self) -> None:
        is_open = True
        connection: Connection | None = None
        while is_open:
            jobs, is_open = self._next_batch()
            batch = [job for job in jobs if job.future.set_running_or_notify_cancel()]
            if batch:
                connection = self._commit(batch, connection)
        if connection is not None:
            connection.close()

    def _next_batch(self) -> tuple[list[_Job[Any]], bool]:
        """Wait for a change; return it with what queued behind it, and whether more may come."""
        batch: list[_Job[Any]] = []
        jobs = self._queue.get()
        while jobs is not None:
            batch.extend(jobs)
            if len(batch) >= _BATCH_LIMIT or self._queue.empty():
                return batch, True
            jobs = self._queue.get()
        return batch, False

    def _commit(self, batch: list[_Job[Any]], connection: Connection | None) -> Connection | None:
        """Run the batch in one transaction; each job learns its outcome after the commit.

        Returns the connection for the next batch (to take one from the pool and give it
        back costs as much as a small change), or None after a failure: a new one then.
        """
        try:
            self._require_whole()
            connection = connection or self.engine.connect()
            with connection.begin():
                for job in batch:
                    job.run(connection, alone=len(batch) == 1)
        except BaseException as error:  # noqa: BLE001 (whoever waits must hear of it, whatever it is)
            told = self.condemn(str(error)) if is_damage(error) else error
            for job in batch:
                job.future.set_exception(told)
            if connection is not None:
                with suppress(SQLAlchemyError):
                    connection.close()
            return None
        if self._file is not None:
            self._file.left()
        for job in batch:
            job.acknowledge()
        return connection

    def _require_whole(self) -> None:
        """Raise `ServiceFault` where the file is not as the last transaction left it."""
        fault = None if self._file is None else self._file.fault()
        if fault is not None:
            raise self.condemn(fault)


class Batch:
    """Changes that share a commit; see `Database.together`."""

    def __init__(self) -> None:
        self.jobs: list[_Job[Any]] = []

    def write(self, change: Change[T]) -> Future[T]:
        """Add ``change``; the future resolves when the commit of all is durable."""
        job = _Job(change)
        self.jobs.append(job)
        return job.future


class _Job(Generic[T]):
    """A queued change, its outcome before the commit, and the future of whoever waits."""

    def __init__(self, change: Change[T]) -> None:
        self.future: Future[T] = Future()
        self._change = change
        self._settle: Callable[[], None] = lambda: None

    def run(self, connection: Connection, *, alone: bool) -> None:
        """Run the change under a savepoint and keep its outcome.

        Raises only where the whole transaction is lost: SQLite itself rolls it back on a
        full disk, say, and then there is no savepoint to return to. One that is ``alone`` in
        its transaction needs none (a third of what a small change costs), and raises its own
        exception.
        """
        if alone:
            self._settle = partial(self.future.set_result, self._change(connection))
            return
        # by its name: SQLAlchemy's own savepoint takes as long as three statements
        _told(connection, "SAVEPOINT change")
        try:
            result = self._change(connection)
        except BaseException as error:  # noqa: BLE001 (kept for the future, whatever it is)
            _told(connection, "ROLLBACK TO change")
            _told(connection, "RELEASE change")
            self._settle = partial(self.future.set_exception, error)
        else:
            _told(connection, "RELEASE change")
            self._settle = partial(self.future.set_result, result)

    def acknowledge(self) -> None:
        """Give the outcome of `run` to the future."""
        self._settle()


def _told(connection: Connection, statement: str) -> None:
    """Tell the driver ``statement``, which has no parameters: SQLAlchemy takes ten times as long.

    Raises `DBAPIError`, as SQLAlchemy does.
    """
    cursor: Any = connection.connection.cursor()
    try:
        cursor.execute(statement)
    except cursor.connection.Error as error:
        raise DBAPIError(statement, None, error) from error


def _sqlite_engine(path: Path, *, read_only: bool) -> Engine:
    """Return an engine whose transactions begin when SQLAlchemy says so, not the driver.

    A writer takes the lock at its start (``BEGIN IMMEDIATE``): a transaction that begins
    as a reader and then writes can fail as busy without any time-out.
    """
    # reads are short and come from any thread: nobody should ever wait for a connection
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        max_overflow=-1,
        connect_args={"timeout": _BUSY_TIMEOUT_S},
    )
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    def on_connect(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        if read_only:
            # a change made inside a read would be lost without a word; now it raises
            connection.execute("PRAGMA query_only=ON")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", lambda connection: _told(connection, begin))
    return engine
