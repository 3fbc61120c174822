from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy.exc import DatabaseError

from park_server.db.blocks import each_readable, in_blocks


def test_every_item_is_in_one_block_and_no_block_is_too_long() -> None:
    items = [str(number) for number in range(1001)]
    blocks = list(in_blocks(iter(items)))
    assert [len(block) for block in blocks] == [500, 500, 1]
    assert [item for block in blocks for item in block] == items


def test_of_nothing_there_is_no_block() -> None:
    assert list(in_blocks([])) == []


def test_one_item_that_cannot_be_read_costs_no_other() -> None:
    def read(numbers: Sequence[int]) -> list[str]:
        if 7 in numbers:
            raise ValueError(7)
        return [str(number) for number in numbers]

    found, unreadable = each_readable(range(600), read)
    assert found == [str(number) for number in range(600) if number != 7]
    assert list(unreadable) == [7]


def test_an_error_of_the_database_is_no_item_s() -> None:
    def read(_: Sequence[int]) -> list[str]:
        raise DatabaseError("SELECT", None, Exception("malformed"))

    with pytest.raises(DatabaseError):
        each_readable([1], read)
