from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update
from support.labs.install_lab import (
    LOCKS,
    TREE,
    add_install,
    checked_request,
    install_request,
    local_wheel,
)

from park.errors import UnknownItem
from park.model.pins import parse_pin
from park_server.db.tables import installs
from park_server.installs import install_rows, lock_rows

if TYPE_CHECKING:
    from park_repo.database import Database
    from park_server.installs.lock_rows import KnownLock


def known(database: Database, *pins: str, **changes: Any) -> KnownLock | None:
    request = checked_request(*pins, **changes)
    return database.read(lambda c: lock_rows.known(c, request))


def test_a_lock_serves_again_for_the_same_pins_of_anybody(database: Database) -> None:
    added = install_rows.documents_of([parse_pin("extra", "2")])
    add_install(database, install_request("demo==1", "a==1"), lock=LOCKS[0], added=added)
    found = known(database, "demo==1", "a==1", user="bob")
    assert found == lock_rows.KnownLock(lock_hash=LOCKS[0], added=(parse_pin("extra", "2"),))
    assert known(database, "demo==1", "a==2") is None


def test_the_newest_of_several_locks_serves(database: Database) -> None:
    for lock in LOCKS[:2]:
        add_install(database, install_request("demo==1"), lock=lock)
    found = known(database, "demo==1")
    assert found is not None
    assert found.lock_hash == LOCKS[1]


def test_a_lock_serves_for_the_same_bytes_alone(database: Database) -> None:
    built = [local_wheel("demo", TREE, sha256=digit * 64) for digit in "12"]
    add_install(database, install_request(f"demo=={TREE}", wheels=built[:1]), lock=LOCKS[0])
    assert known(database, f"demo=={TREE}", wheels=built[:1]) is not None
    assert known(database, f"demo=={TREE}", wheels=built[1:]) is None


def test_a_request_that_was_kept_before_there_were_sources_is_read(database: Database) -> None:
    install = add_install(database, install_request("demo==1"), lock=LOCKS[0])

    def make_older(connection: Any) -> None:
        kept = connection.execute(select(installs.c.request)).scalar_one()
        del kept["sources"]
        connection.execute(update(installs).where(installs.c.id == install).values(request=kept))

    database.write(make_older).result()
    assert known(database, "demo==1") is not None


def test_a_lock_is_kept_as_it_was_first(database: Database) -> None:
    for document in ("first", "second"):
        database.write(lambda c, d=document: lock_rows.keep(c, LOCKS[0], "3.11", d)).result()  # type: ignore[misc]
    assert database.read(lambda c: lock_rows.document(c, LOCKS[0])) == "first"
    with pytest.raises(UnknownItem, match=f"no lock {LOCKS[1]}"):
        database.read(lambda c: lock_rows.document(c, LOCKS[1]))


def test_a_prefix_names_a_lock_if_it_is_long_enough_and_only_one_has_it(
    database: Database,
) -> None:
    names = ["abcdef0", "abcdef1", "123456"]
    for name in names:
        database.write(lambda c, n=name: lock_rows.keep(c, n, "3.11", "")).result()  # type: ignore[misc]
    assert database.read(lambda c: lock_rows.hash_like(c, "abcdef1")) == "abcdef1"
    for prefix, why in (
        ("abcdef", "several locks begin"),
        ("12345", "'12345' is too short for a lock hash"),
        ("%%%%%%", "no lock begins"),
        ("abcdef2", "no lock begins"),
    ):
        with pytest.raises(UnknownItem, match=why):
            database.read(lambda c, p=prefix: lock_rows.hash_like(c, p))  # type: ignore[misc]


def test_earlier_installs_are_those_of_the_user_and_the_project(database: Database) -> None:
    for number in range(3):
        add_install(database, install_request(f"demo=={number}"), lock=LOCKS[0])
    add_install(database, install_request("demo==3"), lock=LOCKS[0], user="bob")
    add_install(database, install_request("other==3"), lock=LOCKS[0])
    add_install(database, install_request("demo==4"))  # without a lock
    request = checked_request("demo==5")
    found = database.read(lambda c: lock_rows.earlier(c, request, 2))
    assert [sorted(map(str, each.pins)) for each in found] == [["demo==2"], ["demo==1"]]
