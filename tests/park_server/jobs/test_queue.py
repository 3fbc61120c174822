"""The queue: in the order of the turns, read some at a time, and none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import OperationalError
from support.labs.databases import database_at
from support.labs.rows import add_job

from park.model.ids import JobId
from park_repo.database import Database
from park_server.jobs.queue import Queue
from park_server.jobs.turns.lanes import Ahead
from park_server.jobs.turns.turns import Turns
from park_server.json_pieces import LARGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IDS = [JobId(f"{number:03}") for number in range(80)]
"""More than are read at once."""


class Counted(Database):
    """A database that counts its reads, and refuses those that it is told to."""

    reads = 0
    refuses = False

    def read(self, query: Any) -> Any:
        if self.refuses:
            raise OperationalError("SELECT", {}, OSError("the disk is away"))
        self.reads += 1
        return super().read(query)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Counted]:
    opened = database_at(tmp_path, Counted)
    assert isinstance(opened, Counted)

    def fill(connection: Any) -> None:
        for job in IDS:
            add_job(connection, job, "ada", [])

    opened.write(fill).result()
    yield opened
    opened.close()


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database, Turns().lanes, unreadable=lambda *_: None)


def taken(queue: Queue, most: int = 1_000) -> list[str]:
    found: list[str] = []
    while len(found) < most and (queued := queue.next()) is not None:
        found.append(queued.id)
    return found


def test_jobs_come_in_the_order_in_which_they_were_added(queue: Queue) -> None:
    queue.add(IDS[:50])
    queue.add(IDS[50:])
    assert queue
    assert taken(queue) == IDS
    assert not queue
    assert queue.next() is None


def test_many_are_read_in_few_queries(queue: Queue, database: Counted) -> None:
    queue.add(IDS)
    taken(queue)
    assert database.reads == 1 + 3  # whose they are, and themselves


def test_who_is_told_is_not_looked_up(queue: Queue, database: Counted) -> None:
    queue.add(IDS[:3], dict.fromkeys(IDS, "bob"))
    assert database.reads == 0
    assert queue.ahead_of(IDS[2], "bob") == Ahead(own=2)


def test_what_is_put_first_comes_before_all_others_in_its_order(queue: Queue) -> None:
    queue.add(IDS[:40])
    assert taken(queue, 2) == IDS[:2]
    queue.add_first(IDS[50:52])
    assert taken(queue) == [*IDS[50:52], *IDS[2:40]]


def test_what_may_not_start_any_more_is_left_out(queue: Queue) -> None:
    queue.add([JobId("gone"), IDS[0], JobId("gone, too")])
    assert taken(queue) == [IDS[0]]


def test_a_read_that_fails_loses_none(queue: Queue, database: Counted) -> None:
    queue.add(IDS[:3])
    database.refuses = True
    with pytest.raises(OperationalError, match="the disk is away"):
        queue.next()
    database.refuses = False
    assert taken(queue) == IDS[:3]


def test_nothing_starts_from_a_queue_that_was_cleared(queue: Queue) -> None:
    queue.add(IDS[:3])
    taken(queue, 1)
    queue.clear()
    assert not queue
    assert queue.next() is None


def test_a_large_call_is_left_for_its_start(queue: Queue, database: Counted) -> None:
    large = "x" * LARGE_BYTES
    database.write(lambda c: add_job(c, JobId("large"), "ada", [large])).result()
    queue.add([JobId("large"), IDS[0]])
    first, second = queue.next(), queue.next()
    assert first is not None
    assert second is not None
    assert (first.has_call, first.request.call) == (False, {})
    assert (second.has_call, "args" in second.request.call) == (True, True)
