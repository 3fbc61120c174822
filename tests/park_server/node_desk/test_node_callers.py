"""Nodes speak with the token of an attempt for as long as that runs, and open nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert
from support.labs.databases import database_at

from park.errors import NotAuthenticated, NotPermitted
from park.model.ids import JobId
from park_server.db.tables import jobs
from park_server.jobs.engines.attempt_tokens import AttemptTokens
from park_server.node_desk.node_callers import NodeCallers
from park_server.trust.access import TABLE, check_access
from park_server.trust.identity import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from park_repo.database import Database

JOB = JobId("01a2071c-2c6f-780c-a349-000000000001")
TOKENS = AttemptTokens(b"k")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = database_at(tmp_path)
    yield made
    made.close()


def callers(database: Database, status: str, attempt: int) -> NodeCallers:
    row = {
        "id": JOB,
        "user": "ben",
        "status": status,
        "entry_point": "lab:f",
        "attempt": attempt,
        "fresh": False,
        "restartable": False,
        "cancel_requested": False,
        "submitted": "2026-01-01T00:00:00Z",
    }
    database.write(lambda connection: connection.execute(insert(jobs), row)).result()
    return NodeCallers(Tokens.of({"of-ada": "ada"}), TOKENS, database)


def test_a_node_speaks_in_the_name_of_its_user_and_opens_its_own_routes_alone(
    database: Database,
) -> None:
    found = callers(database, "running", 2).find(TOKENS.token(JOB, 2))
    assert found is not None
    assert (found.user, found.attempt) == ("ben", (JOB, 2))
    opened = set()
    for endpoint in TABLE:
        try:
            check_access(
                endpoint,
                user=found.user,
                rights=found.rights,
                kind=found.kind,
                audience=found.audience,
            )
        except NotPermitted:
            continue
        opened.add(endpoint.path)
    assert opened
    assert all(path.startswith("/api/v1/node/") for path in opened)


@pytest.mark.parametrize(("status", "attempt"), [("completed", 2), ("running", 3), ("queued", 2)])
def test_what_runs_no_more_has_no_node(database: Database, status: str, attempt: int) -> None:
    with pytest.raises(NotAuthenticated, match="does not run any more"):
        callers(database, status, attempt).find(TOKENS.token(JOB, 2))


def test_others_are_found_as_before_and_what_is_forged_is_nobodys(database: Database) -> None:
    known = callers(database, "running", 1)
    found = known.find("of-ada")
    assert found is not None
    assert found.user == "ada"
    assert known.rights_of("ada").held
    assert known.find(AttemptTokens(b"other").token(JOB, 1)) is None
