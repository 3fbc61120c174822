"""Names come in one order, few or many, whatever their bytes are."""

from __future__ import annotations

import os
import sqlite3
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park_server.areas import names_in_order
from park_server.areas.names_in_order import in_order

names = st.lists(st.binary(min_size=1, max_size=6).map(os.fsdecode), unique=True)


@given(names, st.integers(1, 20))
def test_many_come_as_few_do(found: list[str], few: int) -> None:
    expected = sorted(found, key=os.fsencode)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names_in_order, "_FEW", few)
        assert list(in_order(iter(found))) == expected


def test_of_many_some_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_in_order, "_FEW", 10)
    found = in_order(f"{number:06}" for number in range(100_000))
    assert next(found) == "000000"
    rest: list[str] = []
    # each piece of an answer is made in another thread
    thread = threading.Thread(target=lambda: rest.extend(found))
    thread.start()
    thread.join()
    assert len(rest) == 99_999


def test_where_there_is_no_room_for_many_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_in_order, "_FEW", 1)

    def refused(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite3, "connect", refused)
    with pytest.raises(OSError, match="could not be sorted: database or disk is full"):
        list(in_order(iter("ab")))
