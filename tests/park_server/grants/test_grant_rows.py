"""Grants as rows: known by a digest alone, each its user's, and revoked for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection
from support.labs.rows import add_install, new_job, rows_in_memory

from park.errors import UnknownItem
from park.model.states import InstallState
from park_server.grants import grant_rows
from park_server.grants.scope import Grant


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def grant(id: str = "g", **changes: Any) -> Grant:  # noqa: A002 (the field's name)
    facts: dict[str, Any] = {
        "id": id,
        "user": "ada",
        "jobs": frozenset({"b", "a"}),
        "files": frozenset({"shared/run.refl"}),
        "created": "2026-01-01",
        "expires": "2026-01-08",
        "revoked": None,
    }
    return Grant(**facts | changes)


def test_a_grant_is_found_by_the_digest_of_its_token(connection: Connection) -> None:
    grant_rows.add(connection, grant(), "digest")
    assert grant_rows.by_digests(connection, ["digest", "other"]) == {"digest": grant()}


def test_each_user_sees_his_own_newest_first(connection: Connection) -> None:
    grant_rows.add(connection, grant("old"), "1")
    grant_rows.add(connection, grant("new", created="2026-01-02"), "2")
    grant_rows.add(connection, grant("of-eve", user="eve"), "3")
    assert [each.id for each in grant_rows.listing(connection, "ada")] == ["new", "old"]


def test_a_revocation_stays_and_is_its_owners_alone(connection: Connection) -> None:
    grant_rows.add(connection, grant(), "1")
    for user in ("eve", "ada"):
        if user == "eve":
            with pytest.raises(UnknownItem, match="no grant g"):
                grant_rows.revoke(connection, "g", user, "earlier")
        else:
            grant_rows.revoke(connection, "g", user, "first")
            grant_rows.revoke(connection, "g", user, "later")
    (found,) = grant_rows.listing(connection, "ada")
    assert found.revoked == "first"
    with pytest.raises(UnknownItem):
        grant_rows.revoke(connection, "absent", "ada", "now")


def test_what_expired_long_ago_is_forgotten(connection: Connection) -> None:
    grant_rows.add(connection, grant("old"), "1")
    grant_rows.add(connection, grant("new", expires="2026-02-01"), "2")
    grant_rows.forget(connection, "2026-01-15")
    assert [each.id for each in grant_rows.listing(connection, "ada")] == ["new"]


def test_only_ones_own_jobs_and_installs_are_granted(connection: Connection) -> None:
    new_job(connection, "a")
    new_job(connection, "of-eve", user="eve")
    add_install(connection, "i", InstallState.READY)
    grant_rows.check_own(connection, "ada", ["a", "i"])
    for other in ("of-eve", "absent"):
        with pytest.raises(UnknownItem, match=f"no job {other} on this service"):
            grant_rows.check_own(connection, "ada", ["a", other, "absent-too"])


def test_the_token_is_told_once_and_names_are_in_order() -> None:
    assert grant_rows.record_of(grant(), "secret").token == "secret"
    record = grant_rows.record_of(grant(revoked="now"))
    assert (record.token, record.jobs, record.revoked) == (None, ["a", "b"], "now")
    assert "secret" not in repr(grant_rows.record_of(grant(), "secret"))
