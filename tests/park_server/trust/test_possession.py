from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.labs.databases import database_at

from park.errors import UnknownItem
from park_server.trust.possession import Possession

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def possession(tmp_path: Path) -> Iterator[Possession]:
    database = database_at(tmp_path)
    yield Possession(database, "root")
    database.close()


def test_who_sent_a_file_may_name_it(possession: Possession) -> None:
    for _ in range(2):
        asyncio.run(possession.note("ada", ONE))
    assert possession.holds("ada", ONE)
    assert not possession.holds("bob", ONE)
    assert possession.lacking("ada", [ONE, TWO]) == {TWO}
    possession.require("ada", [ONE])
    with pytest.raises(UnknownItem, match=f"no file with sha256 {TWO}"):
        possession.require("ada", [ONE, TWO])


def test_of_what_is_gone_nobody_is_known_to_have_sent_it(possession: Possession) -> None:
    for user in ("ada", "bob"):
        asyncio.run(possession.note(user, ONE))
        asyncio.run(possession.note(user, TWO))
    assert asyncio.run(possession.forget({TWO}.__contains__)) == 1
    assert possession.lacking("ada", [ONE, TWO]) == {ONE}
    assert possession.lacking("bob", [ONE, TWO]) == {ONE}
    asyncio.run(possession.note("ada", ONE))
    assert possession.holds("ada", ONE)


def test_what_came_while_it_was_looked_for_stays_known(possession: Possession) -> None:
    asyncio.run(possession.note("ada", ONE))
    looks = iter([False, True])
    asyncio.run(possession.forget(lambda _: next(looks)))
    assert possession.holds("ada", ONE)


def test_the_operator_has_all_in_his_home_anyway(possession: Possession) -> None:
    asyncio.run(possession.note("root", ONE))
    assert possession.holds("root", TWO)
    assert possession.is_free("root")
    assert not possession.is_free("ada")
