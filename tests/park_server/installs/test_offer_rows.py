"""Offers as rows: one for each version, pinned only while they are what they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection
from support.labs.install_lab import LOCKS, MINOR
from support.labs.rows import add_install, rows_in_memory

from park.model.states import InstallState
from park_server.envs import environment_rows
from park_server.installs import lock_rows, offer_rows
from park_server.installs.offer_rows import Offer, Offered

DEMO = Offered(project="demo", version="1.0", python="3.11")


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        lock_rows.keep(connection, LOCKS[0], MINOR, "")
        for install, state in (("i", InstallState.READY), ("j", InstallState.RESOLVING)):
            add_install(connection, install, state, lock_hash=LOCKS[0])
        add_install(connection, "k", InstallState.FAILED, error={"detail": "no wheel"})
        yield connection


def offered(connection: Connection, install: str, what: Offered = DEMO) -> Offer:
    offer_rows.replace(connection, what, "root", install)
    found = offer_rows.find(connection, what)
    assert found is not None
    return found


def other(**changes: Any) -> Offered:
    return Offered(**{"project": "demo", "version": "1.0", "python": "3.11"} | changes)


def holders(connection: Connection) -> list[str]:
    return environment_rows.pinned(connection).get(LOCKS[0], [])


def test_an_offer_is_as_far_as_its_install(connection: Connection) -> None:
    assert offer_rows.find(connection, DEMO) is None
    offer = offered(connection, "i")
    assert (offer.state, offer.lock_hash, offer.error) == (InstallState.READY, LOCKS[0], None)
    assert offered(connection, "k").error == "no wheel"
    record = offer_rows.record_of(offer)
    assert (record.project, record.install, record.lock_hash) == ("demo", "i", LOCKS[0])


def test_another_of_the_same_version_takes_its_place(connection: Connection) -> None:
    offered(connection, "i")
    offered(connection, "j")
    assert [each.install for each in offer_rows.every(connection)] == ["j"]
    for what in (other(version="0.9"), other(python="3.12"), other(project="abc")):
        offered(connection, "i", what)
    found = [each.offered for each in offer_rows.every(connection)]
    assert found == [other(project="abc"), other(version="0.9"), DEMO, other(python="3.12")]


def test_what_is_offered_is_everybodys(connection: Connection) -> None:
    offered(connection, "i")
    assert offer_rows.is_offered(connection, "i")
    assert not offer_rows.is_offered(connection, "j")


def test_what_failed_or_is_pinned_is_waited_for_no_longer(connection: Connection) -> None:
    offer = offered(connection, "i")
    offered(connection, "k", other(version="2"))
    assert [each.install for each in offer_rows.unpinned(connection)] == ["i"]
    offer_rows.pin(connection, offer, LOCKS[0])
    assert offer_rows.unpinned(connection) == []
    assert holders(connection) == ["offer demo==1.0"]


def test_an_offer_that_changed_meanwhile_is_left_as_it_is(connection: Connection) -> None:
    before = offered(connection, "i")
    offered(connection, "j")
    offer_rows.pin(connection, before, LOCKS[0])
    offer_rows.point_to(connection, before, "k")
    assert holders(connection) == []
    assert [each.install for each in offer_rows.unpinned(connection)] == ["j"]


def test_an_offer_can_go_by_another_install(connection: Connection) -> None:
    offer_rows.point_to(connection, offered(connection, "i"), "j")
    assert [each.install for each in offer_rows.every(connection)] == ["j"]


def test_what_is_withdrawn_keeps_nothing(connection: Connection) -> None:
    offer = offered(connection, "i")
    offer_rows.pin(connection, offer, LOCKS[0])
    offered(connection, "i", other(version="2"))
    offer_rows.withdraw(connection, offer)
    assert holders(connection) == []
    assert [each.offered.version for each in offer_rows.every(connection)] == ["2"]
    offer_rows.withdraw(connection, offered(connection, "k"))  # it has no environment
