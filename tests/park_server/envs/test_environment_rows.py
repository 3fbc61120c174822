from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from support.labs.install_lab import (
    LOCKS,
    MINOR,
    TREE,
    add_install,
    install_request,
    local_wheel,
    opened_database,
)
from support.labs.rows import add_job

from park.errors import Conflict, UnknownItem
from park.model.states import EnvironmentState, InstallState, JobState
from park_server import events
from park_server.db.tables import jobs
from park_server.envs import environment_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from park.model.lock_hash import LockHash
    from park_repo.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give a database in which ada installed demo under the first lock."""
    with opened_database(tmp_path) as database:
        add_install(database, install_request("demo==1"), lock=LOCKS[0], document="lock")
        keep(database, LOCKS[0])
        yield database


def keep(database: Database, lock: LockHash, size_bytes: int = 10) -> None:
    sizes = {"packages": 1, "size_bytes": size_bytes, "own_bytes": 1}
    database.write(lambda c: environment_rows.keep(c, lock, **sizes)).result()


def write(database: Database, change: Callable[..., Any], *args: Any, **options: Any) -> None:
    database.write(lambda c: change(c, *args, **options)).result()


def told(database: Database, user: str = "ada") -> list[str]:
    found = database.read(lambda c: events.after(c, user, 0, 99))
    return [event["type"] for event in found if event["subject"] == "environment"]


def test_what_is_kept_again_is_the_same_environment_with_new_facts(database: Database) -> None:
    before = database.read(lambda c: environment_rows.find(c, LOCKS[0]))
    keep(database, LOCKS[0], size_bytes=20)
    after = database.read(lambda c: environment_rows.find(c, LOCKS[0]))
    assert before is not None
    assert after is not None
    assert (before.size_bytes, after.size_bytes) == (10, 20)
    assert after.created == before.created
    assert after.realised > before.realised
    assert (after.state, after.python) == (EnvironmentState.READY, MINOR)
    assert database.read(lambda c: environment_rows.find(c, LOCKS[1])) is None


def test_the_newest_comes_first(database: Database) -> None:
    add_install(database, install_request("demo==2"), lock=LOCKS[1])
    keep(database, LOCKS[1])
    assert database.read(environment_rows.newest_first) == LOCKS[1::-1]
    assert [each.lock_hash for each in database.read(environment_rows.every)] == LOCKS[1::-1]


@pytest.mark.parametrize("most", [0, 500])
def test_what_is_known_of_some_however_many_they_are(
    database: Database, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(environment_rows, "_MOST_NAMED", most)
    add_install(database, install_request("demo==2"), lock=LOCKS[1])
    keep(database, LOCKS[1], size_bytes=3)
    first = database.read(lambda c: environment_rows.find(c, LOCKS[0]))
    some = [LOCKS[0], LOCKS[2]]
    assert database.read(lambda c: environment_rows.known(c, some)) == {LOCKS[0]: first}
    assert database.read(environment_rows.own_bytes) == dict.fromkeys(LOCKS[:2], 1)


def test_a_lock_is_known_with_who_installed_it_last(database: Database) -> None:
    add_install(database, install_request("demo==1"), user="bob", lock=LOCKS[0])
    found = database.read(lambda c: environment_rows.lock(c, LOCKS[0]))
    assert (found.document, found.python, found.user) == ("lock", MINOR, "bob")
    with pytest.raises(UnknownItem):
        database.read(lambda c: environment_rows.lock(c, LOCKS[1]))


def test_each_version_under_a_lock_is_named_once(database: Database) -> None:
    for pin in ("demo==1", "other==2"):
        add_install(database, install_request(pin), lock=LOCKS[0])
    add_install(database, install_request("demo==3"), lock=LOCKS[1], state=InstallState.FAILED)
    found = database.read(lambda c: environment_rows.installed(c, "bob"))
    assert {lock: [each.project for each in all_] for lock, all_ in found.items()} == {
        LOCKS[0]: ["demo", "other"]
    }


def test_trees_are_seen_by_their_user_alone(database: Database) -> None:
    request = install_request(f"tree=={TREE}", wheels=[local_wheel("tree", TREE)])
    add_install(database, request, lock=LOCKS[1])
    for user, seen in (("ada", set(LOCKS[:2])), ("bob", {LOCKS[0]})):
        assert set(database.read(lambda c, u=user: environment_rows.installed(c, u))) == seen  # type: ignore[misc]


def test_whoever_installed_it_hears_of_it(database: Database) -> None:
    write(database, environment_rows.enter, LOCKS[0], EnvironmentState.DAMAGED, error="torn")
    sizes = {"packages": 1, "size_bytes": 1, "own_bytes": 1}
    write(database, environment_rows.ready, LOCKS[0], **sizes)
    assert told(database) == ["damaged", "ready"]
    assert told(database, "bob") == []


def test_a_pin_is_told_once_and_taken_back_once(database: Database) -> None:
    for change in (environment_rows.pin, environment_rows.unpin):
        for _ in range(2):
            write(database, change, LOCKS[0], "bob")
    assert told(database) == ["pinned", "unpinned"]
    assert database.read(environment_rows.pinned) == {}


def test_what_is_pinned_or_in_use_is_not_evicted(database: Database) -> None:
    write(database, environment_rows.pin, LOCKS[0], "bob")
    with pytest.raises(Conflict, match="is pinned by bob"):
        write(database, environment_rows.evict, LOCKS[0], why="a test")
    write(database, environment_rows.unpin, LOCKS[0], "bob")

    def run_in_it(connection: Connection) -> None:
        add_job(connection, "j", "ada", [])
        connection.execute(update(jobs).values(lock_hash=LOCKS[0], status=JobState.RUNNING))

    database.write(run_in_it).result()
    assert database.read(environment_rows.busy) == {LOCKS[0]}
    with pytest.raises(Conflict, match="a job runs in"):
        write(database, environment_rows.evict, LOCKS[0], why="a test")
    database.write(lambda c: c.execute(update(jobs).values(status=JobState.COMPLETED))).result()
    write(database, environment_rows.evict, LOCKS[0], why="a test")
    assert told(database)[-1] == "evicted"


def test_those_of_a_prefix_are_found_by_it(database: Database) -> None:
    add_install(database, install_request("demo==2"), lock=LOCKS[1])
    keep(database, LOCKS[1])

    def found(prefix: str) -> tuple[list[LockHash], list[str]]:
        every = database.read(lambda c: environment_rows.newest_first(c, prefix))
        installed = database.read(lambda c: environment_rows.installed(c, "ada", prefix))
        return every, list(installed)

    for lock in LOCKS[:2]:
        assert found(lock[:6]) == found(lock) == ([lock], [lock])
    assert len(found("")[0]) == len(found("")[1]) == 2
    for odd in ("0" * 6, "no hex", "%", "\udc80", LOCKS[0] + "0"):
        assert found(odd) == ([], [])
