"""The event log: in order, of one's own alone, and in pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection
from support.labs.rows import rows_in_memory

from park_server import events


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def test_each_transition_is_told_with_what_belongs_to_it(connection: Connection) -> None:
    events.append(connection, subject="install", id="i", type="failed", user="ada", error="no")
    (told,) = events.after(connection, "ada", 0, 9)
    assert told.keys() == {"seq", "time", "subject", "id", "type", "data"}
    assert (told["subject"], told["id"], told["type"]) == ("install", "i", "failed")
    assert told["data"] == {"error": "no"}


def test_many_are_told_in_their_order_and_each_to_its_user(connection: Connection) -> None:
    events.append_all(
        connection, subject="job", user="ada", entered=[("b", "queued"), ("a", "running")]
    )
    nothing: dict[str, Any] = {}
    one, other = ("c", "failed", "eve", {"error": "no"}), ("d", "queued", "ada", nothing)
    events.append_many(connection, subject="job", entered=[one, other])
    assert [each["id"] for each in events.after(connection, "ada", 0, 9)] == ["b", "a", "d"]
    (of_eve,) = events.after(connection, "eve", 0, 9)
    assert (of_eve["id"], of_eve["data"]) == ("c", {"error": "no"})


def test_a_reader_goes_on_after_the_last_that_it_has_seen(connection: Connection) -> None:
    entered = [(f"{n}", "queued") for n in range(5)]
    events.append_all(connection, subject="job", user="ada", entered=entered)
    seen: list[str] = []
    last = 0
    while page := events.after(connection, "ada", last, 2):
        assert len(page) <= 2
        seen += [each["id"] for each in page]
        last = page[-1]["seq"]
    assert seen == ["0", "1", "2", "3", "4"]
