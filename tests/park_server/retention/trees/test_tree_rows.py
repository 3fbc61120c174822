"""Which locks and wheels something needs, and what a release leaves of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from packaging.utils import NormalizedName
from sqlalchemy import Connection, insert, select, update
from support.labs.rows import add_install, new_job, rows_in_memory

from park.model.lock_hash import LockHash
from park.model.states import InstallState, JobState
from park_repo import queries
from park_repo.file_records import Layer, PublishedFile
from park_repo.tables import files as index_files
from park_server.db import tables
from park_server.retention.trees import tree_rows

LOCK, OTHER = LockHash("1" * 64), LockHash("2" * 64)
DEMO, SHARED, FREE = (digit * 64 for digit in "abc")
OLD, CUT, SINCE, NEW = "2026-01-01", "2026-06-01", "2026-11-01", "2026-12-01"


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def add_lock(connection: Connection, lock: LockHash, *digests: str, created: str = OLD) -> None:
    document = "".join(f'hashes = {{sha256 = "{each}"}}\n' for each in digests)
    row = {"lock_hash": lock, "python": "3.11", "document": document, "created": created}
    connection.execute(insert(tables.locks), row)


def bind(connection: Connection, lock: LockHash, *, updated: str = OLD, **facts: Any) -> None:
    """Write the install that came to ``lock``."""
    name = f"i{lock[0]}"
    facts = {"lock_hash": lock, "updated": updated} | facts
    add_install(connection, name, InstallState.READY, **facts)


def add_environment(connection: Connection, lock: LockHash, **uses: str) -> None:
    facts = {"packages": 1, "size_bytes": 1, "own_bytes": 1, "created": OLD, "realised": OLD}
    row = {"lock_hash": lock, "state": "ready", "last_used": None} | facts | uses
    connection.execute(insert(tables.environments), row)


def locks_left(connection: Connection) -> set[str]:
    return set(connection.execute(select(tables.locks.c.lock_hash)).scalars())


# -- what something needs


def by_its_lock(connection: Connection) -> None:
    new_job(connection, "j", state=JobState.COMPLETED, lock_hash=LOCK)


def by_its_install(connection: Connection) -> None:
    new_job(connection, "j", state=JobState.COMPLETED, install="i1")


@pytest.mark.parametrize("need", [by_its_lock, by_its_install])
def test_jobs_hold_their_locks_while_they_are_there(
    connection: Connection, need: Callable[[Connection], None]
) -> None:
    add_lock(connection, LOCK, DEMO)
    add_lock(connection, OTHER, FREE)
    bind(connection, LOCK)
    bind(connection, OTHER)
    assert tree_rows.held_locks(connection) == set()
    need(connection)
    assert tree_rows.held_locks(connection) == {LOCK}
    assert tree_rows.held_locks(connection, without={"other"}) == {LOCK}
    assert tree_rows.held_locks(connection, without={"j"}) == set()


def test_a_lock_that_two_jobs_need_is_held_by_the_other(connection: Connection) -> None:
    add_lock(connection, LOCK, DEMO)
    for job in ("j", "k"):
        new_job(connection, job, lock_hash=LOCK)
    assert tree_rows.held_locks(connection, without={"j"}) == {LOCK}


def test_a_pin_holds_a_lock_whichever_jobs_go(connection: Connection) -> None:
    add_lock(connection, LOCK, DEMO)
    row = {"lock_hash": LOCK, "user": "ada", "created": OLD}
    connection.execute(insert(tables.environment_pins), row)
    assert tree_rows.held_locks(connection, without={"j"}) == {LOCK}


def test_a_submission_that_is_to_become_jobs_holds_what_they_name(connection: Connection) -> None:
    for lock in (LOCK, OTHER):
        add_lock(connection, lock, DEMO)
        bind(connection, lock)
    requests = [{"id": "j", "lock_hash": LOCK}, {"id": "k", "install": f"i{OTHER[0]}"}]
    row = {"submission": "s", "behind": 0, "user": "ada", "accepted": NEW}
    connection.execute(insert(tables.arriving), row | {"document": json.dumps(requests)})
    assert tree_rows.held_locks(connection) == {LOCK, OTHER}


def test_a_wheel_is_used_with_any_lock_that_names_it(connection: Connection) -> None:
    add_lock(connection, LOCK, DEMO, SHARED)
    add_lock(connection, OTHER, SHARED, FREE)
    add_environment(connection, LOCK, last_used=CUT)
    bind(connection, OTHER, updated=NEW)
    found = tree_rows.uses(connection, {DEMO, SHARED})
    assert found.locks == {LOCK: {DEMO, SHARED}, OTHER: {SHARED}}
    assert found.used == {DEMO: CUT, SHARED: NEW}
    assert found.held == set()


def test_all_wheels_of_a_held_lock_and_of_unfinished_installs_are_held(
    connection: Connection,
) -> None:
    add_lock(connection, LOCK, DEMO)
    by_its_lock(connection)
    request = {"wheels": [{"sha256": SHARED}]}
    add_install(connection, "now", InstallState.RESOLVING, request=request)
    add_install(connection, "was", InstallState.FAILED, request={"wheels": [{"sha256": FREE}]})
    assert tree_rows.uses(connection, {DEMO, SHARED, FREE}).held == {DEMO, SHARED}


# -- release


def published(connection: Connection, sha256: str) -> PublishedFile:
    """Publish a tree with these bytes."""
    file = PublishedFile(
        layer=Layer.TREES,
        owner="ada",
        project=NormalizedName("demo"),
        version="1.0",
        filename=f"demo-{sha256[:4]}.whl",
        key=f"demo-{sha256[:4]}",
        size=1,
        sha256=sha256,
        metadata_sha256=None,
        requires_python=None,
        uploaded_at=OLD,
        uploaded_by="ada",
        yanked=None,
    )
    queries.add_file(connection, file)
    return file


def released(connection: Connection, *files: PublishedFile) -> list[str]:
    """Release ``files`` as a sweep does that has read their locks before."""
    named = tree_rows.uses(connection, {file.sha256 for file in files}).locks
    left = tree_rows.release(connection, files, named, moment=CUT, since=SINCE)
    return [file.sha256 for file in left]


def test_a_lock_goes_with_environment_and_installs_and_its_wheels_are_free(
    connection: Connection,
) -> None:
    add_lock(connection, LOCK, DEMO)
    add_lock(connection, OTHER, FREE)
    for lock in (LOCK, OTHER):
        bind(connection, lock)
        add_environment(connection, lock)
    assert released(connection, published(connection, DEMO)) == [DEMO]
    for table in (tables.locks, tables.installs, tables.environments):
        left = connection.execute(select(table.c.lock_hash)).scalars().all()
        assert left == [OTHER], table.name


def test_a_wheel_that_a_held_lock_names_too_stays_and_the_other_lock_goes(
    connection: Connection,
) -> None:
    add_lock(connection, LOCK, DEMO, SHARED)
    add_lock(connection, OTHER, SHARED, FREE)
    by_its_lock(connection)
    files = [published(connection, each) for each in (DEMO, SHARED, FREE)]
    assert released(connection, *files) == [FREE]
    assert locks_left(connection) == {LOCK}


@pytest.mark.parametrize(("last_used", "goes"), [(OLD, True), (CUT, False), (NEW, False)])
def test_what_was_used_from_the_moment_on_stays(
    connection: Connection, last_used: str, *, goes: bool
) -> None:
    add_lock(connection, LOCK, DEMO)
    add_environment(connection, LOCK, last_used=last_used)
    assert released(connection, published(connection, DEMO)) == [DEMO] * goes
    assert locks_left(connection) == (set() if goes else {LOCK})


def test_an_install_that_asks_for_a_wheel_keeps_its_locks_with_all_that_they_name(
    connection: Connection,
) -> None:
    add_lock(connection, LOCK, DEMO, SHARED)
    request = {"wheels": [{"sha256": DEMO}]}
    add_install(connection, "now", InstallState.RESOLVING, request=request)
    files = [published(connection, each) for each in (DEMO, SHARED)]
    assert released(connection, *files) == []
    assert locks_left(connection) == {LOCK}


@pytest.mark.parametrize(("created", "goes"), [(OLD, True), (SINCE, False)])
def test_a_lock_made_since_the_look_keeps_what_it_names(
    connection: Connection, created: str, *, goes: bool
) -> None:
    file = published(connection, DEMO)
    add_lock(connection, LOCK, DEMO, created=created)
    left = tree_rows.release(connection, [file], {}, moment=CUT, since=SINCE)
    assert left == [file] * goes


def test_what_was_published_anew_since_the_look_stays(connection: Connection) -> None:
    file = published(connection, DEMO)
    connection.execute(update(index_files).values(uploaded_at=NEW))
    assert released(connection, file) == []
