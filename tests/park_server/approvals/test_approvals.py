"""`park_server.approvals.approvals`: who is bound, by what, and what is noted of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.labs.databases import database_at
from support.material.open_doors import unheard

from park.errors import NotPermitted, UnknownItem
from park.model.pins import RequirementSet, parse_pin
from park.wire import ApprovalRequest
from park_repo.database import Database
from park_server.approvals.approvals import Approvals
from park_server.trust import audit
from park_server.trust.audit import Actor
from park_server.trust.directory import Directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = Actor(user="root", address="127.0.0.1")
WANTED = RequirementSet.of("3.11", [parse_pin("a", "1"), parse_pin("b", "2")])
LOCK = "c" * 64


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    yield database
    database.close()


@pytest.fixture
def approvals(database: Database, tmp_path: Path) -> Approvals:
    """Give the approvals of a service that is locked down, whose user bob is."""
    policy = tmp_path / "policy.toml"
    policy.write_text('[installs]\napproved = "only"\n[users.ada]\nroles = ["operate"]\n')
    directory = Directory(database, "root", policy, changed=unheard)
    for name in ("ada", "bob"):
        asyncio.run(directory.add(name, [], None, again=False, actor=ROOT))
    return Approvals(database, directory)


def approve(approvals: Approvals, project: str, version: str | None = None) -> str:
    request = ApprovalRequest(project=project, version=version, note="looked at")
    return asyncio.run(approvals.approve(request, ROOT)).what


def test_users_are_bound_and_operators_are_not(approvals: Approvals) -> None:
    assert [approvals.binds(user) for user in ("root", "ada", "bob")] == [False, False, True]
    approvals.require_set("ada", WANTED)
    with pytest.raises(NotPermitted, match=r"2 of 2 pins are not: a==1, b==2") as caught:
        approvals.require_set("bob", WANTED)
    assert "park versions --nearest" in str(caught.value.hint)


def test_nobody_is_bound_where_the_policy_says_nothing(database: Database, tmp_path: Path) -> None:
    free = Approvals(database, Directory(database, "root", tmp_path / "none.toml", changed=unheard))
    free.require_set("bob", WANTED)
    free.require_upstream("bob", "a", "1")
    assert free.permits("bob", LOCK)


def test_all_pins_have_to_be_approved_or_the_set(approvals: Approvals) -> None:
    approve(approvals, "a")
    with pytest.raises(NotPermitted, match="1 of 2 pins are not: b==2"):
        approvals.require_set("bob", WANTED)
    approve(approvals, "b", "2")
    approvals.require_set("bob", WANTED)
    other = RequirementSet.of("3.11", [parse_pin("c", "3")])
    asyncio.run(approvals.approve(ApprovalRequest(set_hash=other.hash), ROOT))
    approvals.require_set("bob", other)
    approvals.require_lock("bob", other, LOCK, [parse_pin("d", "4")])


def test_what_a_platform_adds_is_looked_at_too(approvals: Approvals) -> None:
    approve(approvals, "a")
    approve(approvals, "b")
    with pytest.raises(NotPermitted, match="1 of 3 pins are not: nvidia==12"):
        approvals.require_lock("bob", WANTED, LOCK, [*WANTED.pins, parse_pin("nvidia", "12")])
    asyncio.run(approvals.approve(ApprovalRequest(lock=LOCK), ROOT))
    assert approvals.permits("bob", LOCK)
    approvals.require_lock("bob", WANTED, LOCK, [*WANTED.pins, parse_pin("nvidia", "12")])


def test_a_lock_that_nobody_knows_is_not_approved(approvals: Approvals) -> None:
    assert not approvals.permits("bob", LOCK)


def test_other_indexes_are_reached_through_what_is_approved(approvals: Approvals) -> None:
    with pytest.raises(NotPermitted, match="a is not approved on this service"):
        approvals.require_upstream("bob", "a", None)
    approve(approvals, "a", "1")
    approvals.require_upstream("bob", "a", None)
    approvals.require_upstream("bob", "a", "1")
    for version in ("2", ""):
        with pytest.raises(NotPermitted):
            approvals.require_upstream("bob", "a", version)


def test_approvals_are_listed_withdrawn_and_noted(database: Database, approvals: Approvals) -> None:
    for _ in range(2):
        assert approve(approvals, "A", "1") == "a==1"
    (record,) = approvals.listing()
    assert (record.what, record.user, record.note) == ("a==1", "root", "looked at")
    asyncio.run(approvals.withdraw("a==1", ROOT))
    assert approvals.listing() == []
    with pytest.raises(UnknownItem, match="a==1 is not approved here"):
        asyncio.run(approvals.withdraw("a==1", ROOT))
    noted = database.read(lambda c: audit.listing(c, action="approve", limit=10))
    assert [(each.action, each.subject, each.user) for each in noted] == [
        ("approve.withdraw", "a==1", "root"),
        ("approve", "a==1", "root"),
        ("approve", "a==1", "root"),
    ]


def test_who_is_bound_has_some_versions_of_another_index_and_others_all(
    approvals: Approvals,
) -> None:
    approve(approvals, "a", "1")
    assert approvals.upstream_versions("bob", "a") == frozenset({"1"})
    assert approvals.upstream_versions("ada", "a") is None
