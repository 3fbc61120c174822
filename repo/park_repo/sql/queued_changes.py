"""Changes that wait for the one writer of a database: those of one kind are made together.

What a change costs besides what it writes (its statements, each with a hand-over between
threads, and a savepoint) is paid once for all of its kind that wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from park_repo.sql.told import told

__all__ = ["Batch", "Change", "Joint", "QueuedChange", "made"]

T = TypeVar("T")
Item = TypeVar("Item")

Change = Callable[[Connection], T]
"""A unit of work: uses the connection that it is given, and neither commits nor rolls back."""


class Joint(Generic[Item, T]):
    """A kind of changes, each of one item; ``act`` makes several, and has one outcome for them.

    It makes all or none: where it raises, each is made by itself, and only who is wrong hears it.
    """

    def __init__(self, act: Callable[[Connection, Sequence[Item]], T]) -> None:
        self.act = act


class QueuedChange(Generic[T]):
    """A change that waits, its outcome before the commit, and the future of whoever waits.

    ``joint`` is its kind, None where it is like no other.
    """

    def __init__(self, change: Change[T]) -> None:
        self.future: Future[T] = Future()
        self.joint: Joint[Any, T] | None = None
        self.item: Any = None
        self._change = change
        self._settle: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, joint: Joint[Item, T], item: Item) -> QueuedChange[T]:
        """Return the change of ``item`` by itself, which may be made with others of its kind."""
        queued = cls(lambda connection: joint.act(connection, [item]))
        queued.joint, queued.item = joint, item
        return queued

    def run(self, connection: Connection) -> T:
        """Make this change by itself."""
        return self._change(connection)

    def came_to(self, outcome: T) -> None:
        """Keep what it came to."""
        self._settle = partial(self.future.set_result, outcome)

    def failed(self, error: BaseException) -> None:
        """Keep what it raised."""
        self._settle = partial(self.future.set_exception, error)

    def acknowledge(self) -> None:
        """Give the outcome to the future: it is committed."""
        self._settle()


class Batch:
    """Changes that share a commit; see `park_repo.database.Database.together`."""

    def __init__(self) -> None:
        self.changes: list[QueuedChange[Any]] = []

    def write(self, change: Change[T]) -> Future[T]:
        """Add ``change``; the future resolves when the commit of all is durable."""
        queued = QueuedChange(change)
        self.changes.append(queued)
        return queued.future

    def write_joint(self, joint: Joint[Item, T], item: Item) -> Future[T]:
        """Add the change of ``item``, as `write` does; it may be made with others of its kind."""
        queued = QueuedChange.of(joint, item)
        self.changes.append(queued)
        return queued.future


def made(connection: Connection, queued: Sequence[QueuedChange[Any]]) -> None:
    """Make all of ``queued`` in a transaction, and keep what each comes to.

    Raises only where the whole transaction is lost: SQLite itself rolls it back on a full
    disk, say, and then there is no savepoint to return to. One that is alone in its transaction
    needs none (a third of what a small change costs), and raises its own exception.
    """
    if len(queued) == 1:
        (only,) = queued
        only.came_to(only.run(connection))
        return
    for some in _by_kind(queued):
        _made_or_undone(connection, some)


def _by_kind(queued: Iterable[QueuedChange[Any]]) -> Iterator[Sequence[QueuedChange[Any]]]:
    """Yield changes in their order, those of one kind together.

    But none is made before a change of no kind that came before it: that may be what it needs.
    """
    waiting: dict[Joint[Any, Any], list[QueuedChange[Any]]] = {}
    for each in queued:
        if each.joint is not None:
            waiting.setdefault(each.joint, []).append(each)
            continue
        yield from waiting.values()
        waiting.clear()
        yield [each]
    yield from waiting.values()


def _made_or_undone(connection: Connection, some: Sequence[QueuedChange[Any]]) -> None:
    # by its name: SQLAlchemy's own savepoint takes as long as three statements
    told(connection, "SAVEPOINT change")
    connection.dispatch.savepoint(connection, "change")
    first = some[0]
    try:
        if len(some) == 1 or first.joint is None:
            outcome = first.run(connection)
        else:
            outcome = first.joint.act(connection, [each.item for each in some])
    except BaseException as error:  # noqa: BLE001 (kept for the future, whatever it is)
        told(connection, "ROLLBACK TO change")
        told(connection, "RELEASE change")
        connection.dispatch.rollback_savepoint(connection, "change", None)
        if len(some) == 1:
            first.failed(error)
        else:
            for each in some:
                _made_or_undone(connection, [each])
    else:
        told(connection, "RELEASE change")
        for each in some:
            each.came_to(outcome)
