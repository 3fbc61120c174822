"""Changes of one kind that wait together are made as one, and none before what it needs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import IntegrityError

from park_repo.sql.queued_changes import Batch, Joint, made
from park_repo.sql.sqlite_engine import sqlite_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from sqlalchemy import Connection

numbers = Table("numbers", MetaData(), Column("n", Integer, primary_key=True))


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = sqlite_engine(tmp_path / "numbers.sqlite", read_only=False)
    with engine.connect() as connection:
        with connection.begin():
            numbers.create(connection)
        yield connection
    engine.dispose()


class Desk:
    """Adds numbers: many of a kind in one change, and notes which."""

    def __init__(self) -> None:
        self.made: list[list[int]] = []
        self.odd = Joint(self.add_all)
        self.even = Joint(self.add_all)

    def add_all(self, connection: Connection, items: Sequence[int]) -> int:
        self.made.append(list(items))
        for number in items:
            connection.execute(insert(numbers).values(n=number))
        return sum(items)

    def kind(self, number: int) -> Joint[int, int]:
        return self.odd if number % 2 else self.even


def run(connection: Connection, batch: Batch) -> list[Any]:
    """Make a batch; return what its numbers are then."""
    with connection.begin():
        made(connection, batch.changes)
    for each in batch.changes:
        each.acknowledge()
    with connection.begin():
        return list(connection.execute(select(numbers.c.n).order_by(numbers.c.n)).scalars())


def test_those_of_one_kind_are_made_together_and_have_one_outcome(connection: Connection) -> None:
    desk, batch = Desk(), Batch()
    futures = [batch.write_joint(desk.kind(number), number) for number in (1, 2, 3, 4, 5)]
    assert run(connection, batch) == [1, 2, 3, 4, 5]
    assert desk.made == [[1, 3, 5], [2, 4]]
    assert [future.result() for future in futures] == [9, 6, 9, 6, 9]


def test_one_alone_is_made_without_a_savepoint(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("park_repo.sql.queued_changes.told", None)
    desk, batch = Desk(), Batch()
    future = batch.write_joint(desk.odd, 1)
    assert run(connection, batch) == [1]
    assert future.result() == 1


def test_none_is_made_before_what_came_before_it_and_is_like_no_other(
    connection: Connection,
) -> None:
    desk, batch = Desk(), Batch()
    batch.write_joint(desk.odd, 1)
    batch.write(partial(desk.add_all, items=[2]))
    batch.write_joint(desk.odd, 3)
    batch.write_joint(desk.odd, 5)
    assert run(connection, batch) == [1, 2, 3, 5]
    assert desk.made == [[1], [2], [3, 5]]


def test_where_they_cannot_be_made_together_only_who_is_wrong_hears_of_it(
    connection: Connection,
) -> None:
    desk, batch = Desk(), Batch()
    futures: list[Future[int]] = [batch.write_joint(desk.odd, number) for number in (1, 3, 1, 5)]
    assert run(connection, batch) == [1, 3, 5]
    assert desk.made == [[1, 3, 1, 5], [1], [3], [1], [5]]
    with pytest.raises(IntegrityError):
        futures.pop(2).result()
    assert [future.result() for future in futures] == [1, 3, 5]
