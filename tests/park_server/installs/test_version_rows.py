from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete
from support.labs.install_lab import (
    LOCKS,
    TREE,
    add_install,
    install_request,
    local_wheel,
)

from park.model.states import EnvironmentState, InstallState
from park_server.db.json_text import JsonText
from park_server.db.tables import environments
from park_server.envs import environment_rows
from park_server.installs import version_rows

if TYPE_CHECKING:
    from sqlalchemy import Dialect

    from park_repo.database import Database


def keep(database: Database, *locks: str) -> None:
    for lock in locks:
        database.write(
            lambda c, lock=lock: environment_rows.keep(  # type: ignore[misc]
                c, lock, packages=1, size_bytes=2, own_bytes=1
            )
        ).result()


def versions(database: Database, user: str, project: str | None = None) -> list[str]:
    found = version_rows.listing(database, user, project)
    return [f"{each.project}=={each.version} {each.lock_hash[0]}" for each in found]


def test_each_version_stands_once_the_newest_first(database: Database) -> None:
    for pin, lock in (("demo==1", 0), ("demo==2", 1), ("demo==1", 0), ("demo==1", 2)):
        add_install(database, install_request(pin), lock=LOCKS[lock])
    keep(database, *LOCKS[:3])
    assert versions(database, "ada") == ["demo==1 c", "demo==1 a", "demo==2 b"]


def test_what_failed_or_has_no_environment_is_no_version(database: Database) -> None:
    add_install(database, install_request("demo==1"), state=InstallState.FAILED)
    add_install(database, install_request("demo==2"), lock=LOCKS[0])
    assert versions(database, "ada") == []


def test_one_project_may_be_asked_for_and_others_trees_are_not_seen(database: Database) -> None:
    add_install(database, install_request("other==1"), lock=LOCKS[0])
    tree = install_request(f"demo=={TREE}", wheels=[local_wheel("demo", TREE)])
    add_install(database, tree, lock=LOCKS[1])
    keep(database, *LOCKS[:2])
    assert versions(database, "ada") == [f"demo=={TREE} b", "other==1 a"]
    assert versions(database, "ada", "other") == ["other==1 a"]
    assert versions(database, "bob") == ["other==1 a"]


def test_an_evicted_environment_goes_on_to_be_listed(database: Database) -> None:
    add_install(database, install_request("demo==1"), lock=LOCKS[0])
    keep(database, LOCKS[0])
    database.write(lambda c: environment_rows.evict(c, LOCKS[0], why="a test")).result()
    (found,) = version_rows.listing(database, "ada", None)
    assert found.status is EnvironmentState.EVICTED
    assert [pin.name for pin in found.pins] == ["demo"]


def test_one_set_may_be_asked_for_and_few_edits_of_each_tree(database: Database) -> None:
    edits = [f"1.0+t{number:016x}" for number in range(3)]
    other = "2.0+t0000000000000000"
    for version, lock in zip([*edits, "1.0", other], LOCKS, strict=False):
        wheels = [] if version == "1.0" else [local_wheel("demo", version)]
        request = install_request(f"demo=={version}", wheels=wheels)
        add_install(database, request, lock=lock)
    keep(database, *LOCKS[:5])

    def found(**query: Any) -> dict[str, str]:
        listing = version_rows.listing(database, "ada", "demo", **query)
        return {each.version: each.set_hash for each in listing}

    assert len(found()) == 5
    assert list(found(edits=1)) == [other, "1.0", edits[2]]
    assert list(found(edits=0)) == ["1.0"]
    assert list(found(set_hash=found()["1.0"])) == ["1.0"]
    assert found(set_hash="0" * 64) == {}


def test_of_thousands_the_newest_are_listed_and_the_rest_counted(database: Database) -> None:
    versions = ["1.0", *(f"1.{number}+t{number:016x}" for number in range(4)), "1.1"]
    for version, lock in zip(versions, LOCKS, strict=False):
        wheels = [local_wheel("demo", version)] if "+t" in version else []
        add_install(database, install_request(f"demo=={version}", wheels=wheels), lock=lock)
    keep(database, *LOCKS[:6])

    def found(**query: Any) -> dict[str, int]:
        listing = version_rows.listing(database, "ada", "demo", **query)
        return {each.version: each.older for each in listing}

    assert found(newest=1) == {"1.1": 1, versions[4]: 3}
    assert list(found(newest=2)) == ["1.1", versions[4], versions[3], "1.0"]
    assert found(newest=2)[versions[3]] == 2
    assert not any(found().values())
    assert found(version=versions[2], newest=1) == {versions[2]: 0}
    assert found(version="9") == {}


def test_the_pins_of_what_is_not_shown_are_not_read(database: Database) -> None:
    """Thousands of requests are megabytes: of one's own installs, only those that are shown."""
    for number in range(3):
        add_install(database, install_request(f"demo=={number}"), lock=LOCKS[number])
    keep(database, *LOCKS[:3])
    read: list[str] = []
    convert = JsonText.process_result_value

    def noted(column: JsonText, value: str | None, dialect: Dialect) -> Any:
        if value is not None and '"pins"' in value:
            read.append(value)
        return convert(column, value, dialect)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JsonText, "process_result_value", noted)
        (shown,) = version_rows.listing(database, "ada", "demo", newest=1)
    assert (shown.version, shown.older) == ("2", 2)
    assert len(read) == 1


def test_a_few_are_read_at_a_time_and_what_has_gone_is_left_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_rows, "_AT_ONCE", 2)
    for number in range(5):
        add_install(database, install_request(f"demo=={number}"), lock=LOCKS[number])
    keep(database, *LOCKS[:5])
    found = version_rows.listing(database, "ada", None)
    assert next(found).version == "4"
    database.write(
        lambda c: c.execute(delete(environments).where(environments.c.lock_hash != LOCKS[0]))
    ).result()
    assert [each.version for each in found] == ["3", "0"]
