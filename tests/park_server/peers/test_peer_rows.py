"""What jobs need of other services, and which grants open it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection
from support.labs.rows import new_job, rows_in_memory

from park.model.ids import JobId
from park.model.truth import TRUE
from park.wire import FetchRequest, HeldGrant
from park_server.jobs.conditions import need_rows
from park_server.peers import peer_rows
from park_server.peers.lent import Lent
from park_server.peers.peer_rows import Held

A, B = JobId("a"), JobId("b")
TOKEN = "t"
FAR, OTHER = "https://far.example", "https://other.example"


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def to(job: str, service: str | None = FAR, what: str = "value") -> dict[str, Any]:
    found = {"$park": "reference", "job": job, "what": what}
    return found if service is None else found | {"service": service}


def held(job: JobId, service: str = FAR, token: str = TOKEN) -> Held:
    return Held(job=job, service=service, lent=Lent(token))


def test_what_is_undecided_is_told_of_those_that_are_asked_for(connection: Connection) -> None:
    for job in (A, B):
        new_job(connection, job, to("r1"), to("r2"))
    need_rows.decide_remote(connection, A, 0, TRUE)
    (leaf,) = peer_rows.undecided(connection, [A])
    assert (leaf.job, leaf.position, leaf.service) == (A, 1, FAR)
    assert leaf.leaf["is"] == "completed"
    assert len(peer_rows.undecided(connection, [A, B])) == 3


def test_a_token_is_for_its_service_however_that_is_spelled(connection: Connection) -> None:
    grants = [HeldGrant(service="https://FAR.example:443/", token="t")]
    new_job(connection, A, to("r"), grants=grants)
    found = peer_rows.held_by(connection, [A, B])
    assert found == [held(A, "https://FAR.example:443/")]
    assert peer_rows.lent_in([*found, held(B, "ftp://none"), held(B, OTHER, "u")]) == {
        (A, FAR): Lent("t"),
        (B, OTHER): Lent("u"),
    }
    assert "token" not in repr(found[0])


def test_what_is_held_for_a_job_knows_the_request_that_it_came_by(connection: Connection) -> None:
    grants = [HeldGrant(service=FAR, token="t")]
    new_job(connection, A, to("r"), grants=grants, request_id="r-1")
    assert [each.lent.request_id for each in peer_rows.held_by(connection, [A])] == ["r-1"]


def test_the_last_of_those_that_share_a_grant_gives_it_back(connection: Connection) -> None:
    for job in (A, B):
        new_job(connection, job, to("r"), grants=[HeldGrant(service=FAR, token="t")])
    assert peer_rows.release(connection, held(A))
    assert peer_rows.held_by(connection, [A, B]) == [held(B)]
    assert not peer_rows.release(connection, held(B))
    assert peer_rows.held_by(connection, [B]) == [held(B)]  # until it is given back
    peer_rows.forget(connection, held(B))
    assert peer_rows.held_by(connection, [B]) == []


def test_the_same_token_of_another_service_is_another_grant(connection: Connection) -> None:
    new_job(connection, A, to("r"), grants=[HeldGrant(service=FAR, token="t")])
    new_job(connection, B, to("r", OTHER), grants=[HeldGrant(service=OTHER, token="t")])
    assert not peer_rows.release(connection, held(A))


def test_each_reference_to_elsewhere_is_staged_once(connection: Connection) -> None:
    new_job(connection, A, [to("r1"), {"deep": to("r1")}], to("r2", what="file"), to("x", None))
    found = peer_rows.references_to_stage(connection, A)
    assert [(each.job, str(each.what)) for each in found] == [("r1", "value"), ("r2", "file")]


def test_a_fetch_of_what_is_elsewhere_is_staged_as_well(connection: Connection) -> None:
    new_job(connection, A, fetch=FetchRequest(url=to("r", what="url")))
    assert [each.job for each in peer_rows.references_to_stage(connection, A)] == ["r"]


def test_what_is_staged_is_written_once(connection: Connection) -> None:
    new_job(connection, A, to("r"))
    peer_rows.write_staged(connection, A, {"one": 1})
    peer_rows.write_staged(connection, A, {"one": 9, "two": [2.0]})
    peer_rows.write_staged(connection, A, {})
    assert peer_rows.staged_references(connection, A) == {"one", "two"}
    assert need_rows.staged_for(connection, A) == {"one": 1, "two": [2.0]}
