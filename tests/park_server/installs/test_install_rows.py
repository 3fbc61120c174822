from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.install_lab import (
    LOCKS,
    MINOR,
    TREE,
    add_install,
    install_request,
    local_wheel,
)

from park.errors import UnknownItem
from park.model.pins import SetHash, parse_pin
from park.model.states import InstallState
from park_server import events
from park_server.installs import install_rows

if TYPE_CHECKING:
    from park_repo.database import Database


def test_an_install_is_created_once(database: Database) -> None:
    request = install_request("demo==1")
    create = (request, SetHash("5" * 64), InstallState.RESOLVING)
    assert database.write(lambda c: install_rows.create(c, "ada", *create)).result()
    assert not database.write(lambda c: install_rows.create(c, "bob", *create)).result()
    assert database.read(lambda c: install_rows.get(c, request.id)).user == "ada"
    assert database.read(lambda c: install_rows.request_of(c, request.id)) == request


def test_a_row_is_a_value_in_types(database: Database) -> None:
    added = install_rows.documents_of([parse_pin("extra", "2")])
    install = add_install(database, install_request("demo==1"), lock=LOCKS[0], added=added)
    found = database.read(lambda c: install_rows.get(c, install))
    assert (found.project, found.version, found.python) == ("demo", "1", MINOR)
    assert found.state is InstallState.READY
    assert found.lock_hash == LOCKS[0]
    assert found.added == (parse_pin("extra", "2"),)
    assert [pin.name for pin in install_rows.record_of(found).added] == ["extra"]


def test_an_install_of_somebody_else_is_as_unknown_as_none(database: Database) -> None:
    install = add_install(database, install_request("demo==1"))
    for name, user in ((install, "bob"), ("nothing", None)):
        with pytest.raises(UnknownItem, match=f"no install {name}"):
            database.read(lambda c, n=name, u=user: install_rows.get(c, n, u))  # type: ignore[misc]


def test_what_is_final_is_not_taken_up_again(database: Database) -> None:
    expected = []
    for number, state in enumerate(InstallState):
        install = add_install(database, install_request(f"demo=={number}"), state=state)
        if not state.is_final:
            expected.append(install)
    assert [install.id for install in database.read(install_rows.unfinished)] == expected


def test_each_state_is_an_event_of_its_user(database: Database) -> None:
    install = add_install(database, install_request("demo==1"), state=InstallState.FAILED)
    (event,) = database.read(lambda c: events.after(c, "ada", 0, 9))
    assert (event["id"], event["type"]) == (install, "failed")
    assert database.read(lambda c: events.after(c, "bob", 0, 9)) == []


def test_ones_own_install_of_a_lock_comes_before_a_newer_one(database: Database) -> None:
    own = add_install(database, install_request("demo==1"), lock=LOCKS[0])
    newer = add_install(database, install_request("other==2"), user="bob", lock=LOCKS[0])

    def found(user: str, **named: str) -> str:
        return database.read(lambda c: install_rows.installed_as(c, user, LOCKS[0], **named)).id

    assert found("ada") == own
    assert found("bob") == newer
    assert found("eve") == newer
    assert found("eve", project="demo") == own
    with pytest.raises(UnknownItem, match="demo==2 is not installed under lock aaaaaaaaaaaa…"):
        found("eve", project="demo", version="2")


def test_trees_of_others_are_not_to_be_seen(database: Database) -> None:
    request = install_request(f"demo=={TREE}", wheels=[local_wheel("demo", TREE)])
    install = add_install(database, request, lock=LOCKS[0])
    found = database.read(lambda c: install_rows.installed_as(c, "ada", LOCKS[0]))
    assert found.id == install
    with pytest.raises(UnknownItem, match="nothing is not installed"):
        database.read(lambda c: install_rows.installed_as(c, "bob", LOCKS[0]))


def test_the_sets_of_a_lock_are_named_newest_first(database: Database) -> None:
    requests = [install_request("demo==1", *more) for more in ((), ("more==2",), ())]
    for request in requests:
        add_install(database, request, lock=LOCKS[0])
    other = install_request("other==1")
    add_install(database, other, lock=LOCKS[1])
    found = database.read(lambda c: install_rows.sets_of_locks(c, [*LOCKS[:2], "none"]))
    assert found.keys() == {*LOCKS[:2]}
    assert len(found[LOCKS[1]]) == 1
    hashes = found[LOCKS[0]]
    assert len(hashes) == 2
    newest = database.read(lambda c: install_rows.get(c, requests[-1].id))
    assert hashes[0] == newest.set_hash
