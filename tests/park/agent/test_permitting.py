"""`park.agent.permitting`: what a service may be given a pass for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from park.agent.permitting import question_of, refusal_of
from park.wire import GrantRecord, WantedPass

NEAR, FAR = "https://near.example/park", "https://far.example"
JOB, OTHER = "01a21d93-fb85-738f-9dba-7fd48a58749e", "01a21d93-fb85-738f-9dba-7fd48a587000"
GRANT = GrantRecord(
    id="g", jobs=[JOB], files=["~ada/x.txt"], stops=[JOB], created="2026-11-27T10:00:00Z",
    expires="2026-11-28T10:00:00Z", holder="h", lent_to=f"{NEAR}/", bounced=True,
)  # fmt: skip


def wanted(method: str, path: str) -> WantedPass:
    return WantedPass(id="w", grant="g", service=FAR, method=method, path=f"/api/v1{path}", job="j")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/follow"),
        ("GET", f"/jobs/{JOB}"),
        ("GET", f"/jobs/{JOB}/result"),
        ("GET", f"/jobs/{JOB}/files/a/b.txt"),
        ("POST", f"/jobs/{JOB}/cancel"),
        ("POST", f"/jobs/{JOB}/stop"),
        ("GET", "/areas/files/~ada/x.txt"),
    ],
)
def test_what_was_lent_may_be_used(method: str, path: str) -> None:
    assert refusal_of(wanted(method, path), NEAR, GRANT) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/jobs/{OTHER}"),
        ("GET", f"/jobs/{OTHER}/result"),
        ("GET", f"/jobs/{JOB}/logs/stdout"),
        ("DELETE", f"/jobs/{JOB}"),
        ("POST", f"/jobs/{OTHER}/cancel"),
        ("POST", f"/jobs/{JOB}/again"),
        ("GET", "/tokens"),
        ("POST", "/grants"),
        ("GET", "/follow"),
        ("PUT", "/areas/files/~ada/x.txt"),
        ("GET", "/admin/users"),
    ],
)
def test_what_is_more_is_refused(method: str, path: str) -> None:
    said = refusal_of(wanted(method, path), NEAR, GRANT)
    assert said is not None
    assert "is more than was lent to near.example" in said


def test_no_other_service_gets_it() -> None:
    follow = wanted("POST", "/follow")
    for other in ("https://near.example", "https://evil.example/park", "http://near.example/park"):
        assert "was not lent to" in str(refusal_of(follow, other, GRANT))
    assert "was not lent" in str(refusal_of(follow, NEAR, replace(GRANT, lent_to=None)))


def test_what_is_over_or_shipped_takes_no_pass() -> None:
    follow = wanted("POST", "/follow")
    revoked = replace(GRANT, revoked="2026-11-27T11:22:33Z")
    assert "revoked at 2026-11-27T11:22" in str(refusal_of(follow, NEAR, revoked))
    assert "without an agent" in str(refusal_of(follow, NEAR, replace(GRANT, bounced=False)))


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("POST", "/follow", "be told what becomes of your jobs"),
        ("GET", f"/jobs/{JOB}/result", "read job …58749e and its result"),
        ("GET", f"/jobs/{JOB}/files/a/b.txt", "read a/b.txt of job …58749e"),
        ("POST", f"/jobs/{JOB}/cancel", "cancel job …58749e"),
        ("GET", "/areas/files/~ada/x.txt", "read ~ada/x.txt"),
    ],
)
def test_a_person_is_asked_in_words(method: str, path: str, what: str) -> None:
    assert question_of(wanted(method, path), NEAR) == f"near.example wants to {what}"
