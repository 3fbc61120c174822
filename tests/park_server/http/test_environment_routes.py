"""Environments over HTTP: named by a beginning, seen by whom they concern, pinned by each."""

from __future__ import annotations

from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from support.labs.install_lab import (
    TREE,
    add_install,
    install_request,
    local_wheel,
    opened_database,
)
from support.material.open_doors import without_limit
from support.stand_ins.bound import gate_of, grants_of

from park.model.lock_hash import LockHash
from park_server.bus import Bus
from park_server.envs import environment_rows
from park_server.http.app import application
from park_server.http.auth import Tokens
from park_server.trust.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from sqlalchemy import Connection

    from park_repo.database import Database

FIRST, SECOND, THIRD = (LockHash(start + "0" * 57) for start in ("abcdef1", "abcdef2", "bbbbbb1"))
LOCK = f"""
lock-version = "1.0"
created-by = "park"
[[packages]]
name = "demo"
version = "1"
[[packages.wheels]]
name = "demo-1-py3-none-any.whl"
url = "https://example.org/demo-1-py3-none-any.whl"
hashes = {{ sha256 = "{"0" * 64}" }}
"""


class Environments:
    """What there is on the disk: nothing but the first."""

    def names(self) -> list[str]:
        return [FIRST]

    def sizes(self) -> dict[str, int]:
        return {"one": 70, "other": 7}

    def get(self, lock_hash: LockHash) -> Any:
        if lock_hash != FIRST:
            return None
        conflict = SimpleNamespace(path="bin/tool", owners=("one", "other"))
        return SimpleNamespace(path="/envs/first", python="3.11.7", conflicts=[conflict])

    def has_bytecode(self, _environment: Any) -> bool:
        return True


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give a database with what ada and bob installed; bob has a working tree as well."""
    with opened_database(tmp_path) as database:
        add(database, FIRST, "demo==1")
        add(database, SECOND, "demo==2")
        add(database, THIRD, f"demo=={TREE}", user="bob")
        yield database


def add(database: Database, lock: LockHash, pin: str, user: str = "ada") -> None:
    wheels = [local_wheel("demo", TREE)] if pin.endswith(TREE) else []
    request = install_request(pin, wheels=wheels)
    add_install(database, request, user=user, lock=lock, document=LOCK)
    sizes = {"packages": 1, "size_bytes": 10, "own_bytes": 1}
    database.write(lambda c: environment_rows.keep(c, lock, **sizes)).result()


@pytest.fixture
def refused() -> set[str]:
    """Give the locks that are not approved: none, until a test says so."""
    return set()


@pytest.fixture
def http(database: Database, refused: set[str]) -> Iterator[TestClient]:
    """Give the service's application, with as much behind it as these routes need."""
    grants = grants_of(database, Bus())
    parts = SimpleNamespace(
        database=database,
        grants=grants,
        environments=Environments(),
        keeper=SimpleNamespace(quota_bytes=1_000),
        approvals=SimpleNamespace(permits=lambda _user, lock_hash: lock_hash not in refused),
        trust=SimpleNamespace(sharing=SimpleNamespace(with_user=lambda _: frozenset())),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.parts = parts
        yield

    tokens = Tokens.of({"ada-token": "ada", "bob-token": "bob"})
    app = application(
        tokens=tokens,
        grants_of_service=gate_of(grants),
        simple_routes=[],
        lifespan=lifespan,
        under_way=UnderWay(),
        admit=without_limit,
        entrance=None,
    )
    with TestClient(app) as client:
        yield client


def ask(http: TestClient, path: str, *, user: str = "ada", method: str = "GET") -> Any:
    headers = {"Authorization": f"Bearer {user}-token"}
    return http.request(method, f"/api/v1/{path}", headers=headers)


def listed(http: TestClient, user: str, query: str = "") -> list[str]:
    return [each["lock_hash"] for each in ask(http, f"environments{query}", user=user).json()]


def test_anothers_working_tree_is_not_to_be_seen(http: TestClient) -> None:
    assert set(listed(http, "ada")) == {FIRST, SECOND}
    assert set(listed(http, "bob")) == {FIRST, SECOND, THIRD}
    assert ask(http, f"environments/{THIRD}").status_code == 404


def test_older_ones_of_a_project_are_counted(http: TestClient) -> None:
    (newest,) = ask(http, "environments?newest=1").json()
    assert (newest["lock_hash"], newest["older"]) == (SECOND, 1)
    assert newest["projects"] == ["demo==2"]
    assert newest["installed_by"] == ["ada"]


def test_of_thousands_those_that_are_shown_are_read(
    http: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[str] = set()
    known = environment_rows.known

    def noted(connection: Connection, lock_hashes: Collection[LockHash]) -> Any:
        read.update(lock_hashes)
        return known(connection, lock_hashes)

    monkeypatch.setattr(environment_rows, "known", noted)
    for number in range(12):
        add(database, LockHash(f"cccccc{number:058x}"), f"many=={number}")
    shown = listed(http, "ada", "?newest=3")
    assert len([each for each in shown if each.startswith("cccccc")]) == 3
    assert read == set(shown)


def test_one_that_goes_while_it_is_listed_is_left_out(
    http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = environment_rows.known

    def without(connection: Connection, lock_hashes: Collection[LockHash]) -> Any:
        return known(connection, set(lock_hashes) - {SECOND})

    monkeypatch.setattr(environment_rows, "known", without)
    assert listed(http, "ada") == [FIRST]


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("abcdef", "several environments begin with 'abcdef'"),
        ("abcde", "'abcde' is too short for a lock hash: 6 digits or more name one"),
        ("bbbbbb", "no environment begins with 'bbbbbb'"),
        ("cccccc", "no environment begins with 'cccccc'"),
        ("ABCDEF1", "no environment begins with 'ABCDEF1'"),
    ],
)
def test_a_beginning_that_names_none_or_several_is_no_name(
    http: TestClient, prefix: str, said: str
) -> None:
    answer = ask(http, f"environments/{prefix}")
    assert answer.status_code == 404
    assert said in answer.json()["detail"]
    assert "park env list" in answer.json()["hint"]


def test_what_is_not_approved_is_not_to_be_seen(http: TestClient, refused: set[str]) -> None:
    refused.add(THIRD)
    assert set(listed(http, "bob")) == {FIRST, SECOND}
    assert ask(http, f"environments/{THIRD}", user="bob").status_code == 404


def test_a_name_that_is_too_short_names_nothing_though_it_is_the_only_one(
    http: TestClient,
) -> None:
    assert ask(http, "environments/bbbbb", user="bob").status_code == 404
    assert ask(http, "environments/bbbbbb", user="bob").status_code == 200


def test_one_that_is_evicted_is_shown_by_its_lock(http: TestClient) -> None:
    here, evicted = (ask(http, f"environments/{lock[:7]}").json() for lock in (FIRST, SECOND))
    assert (here["path"], here["python_full"], here["bytecode"]) == ("/envs/first", "3.11.7", True)
    assert here["conflicts"] == ["bin/tool: one, other"]
    assert evicted["packages"] == here["packages"] == [{"name": "demo", "version": "1"}]
    assert evicted["path"] is None


def test_each_has_a_pin_of_their_own_on_what_they_installed(
    http: TestClient, database: Database
) -> None:
    path = f"environments/{FIRST[:7]}/pin"
    assert ask(http, path, method="PUT").json()["pinned_by"] == ["ada"]
    assert ask(http, path, method="PUT", user="bob").status_code == 403
    add_install(database, install_request("demo==1"), user="bob", lock=FIRST, document=LOCK)
    assert ask(http, path, method="PUT", user="bob").json()["pinned_by"] == ["ada", "bob"]
    assert ask(http, path, method="DELETE").json()["pinned_by"] == ["bob"]


def test_what_is_on_the_disk_counts(http: TestClient) -> None:
    assert ask(http, "storage").json() == {
        "quota_bytes": 1_000,
        "store_bytes": 77,
        "environments_bytes": 1,
        "wheels": 2,
        "environments": 1,
    }
