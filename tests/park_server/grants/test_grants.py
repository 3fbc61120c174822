"""`park_server.grants.grants`: what may be granted, for how long, and what a token is worth."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from support.labs.install_lab import add_install, install_request, opened_database
from support.labs.rows import add_job
from support.material.open_doors import anybody, nobody, unheard
from support.stand_ins.bound import grants_of

from park.errors import NotAuthenticated, NotPermitted, UnknownItem, UsageError
from park.wire import GrantRecord, GrantRequest, PassRequest
from park_server.bus import Bus, revocation_of
from park_server.grants import grants as module
from park_server.grants.grants import LONGEST_S, PREFIX, Grants

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from park_repo.database import Database

HOUR_S = 3600.0


class Heard(Bus):
    """A bus that notes what is published."""

    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[str] = []

    def publish(self, subject: str) -> None:
        self.subjects.append(subject)
        super().publish(subject)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give a database with a job of ada's and one of bob's."""
    with opened_database(tmp_path) as database:
        for user in ("ada", "bob"):
            database.write(partial(add_job, job=f"{user}s", user=user, arguments=[])).result()
        yield database


@pytest.fixture
def bus() -> Heard:
    return Heard()


@pytest.fixture
def grants(database: Database, bus: Heard) -> Grants:
    return grants_of(database, bus, {"snsdata"})


def issue(grants: Grants, **asked: Any) -> GrantRecord:
    facts: dict[str, Any] = {"jobs": ["adas"], "files": [], "expires_s": HOUR_S, "holder": "K" * 43}
    return asyncio.run(grants.issue("ada", GrantRequest(**facts | asked)))


def token_of(record: GrantRecord) -> str:
    assert record.token is not None
    return record.token


def test_a_token_opens_its_grant_and_is_shown_once(grants: Grants) -> None:
    record = issue(grants, jobs=["adas", "adas"], files=["~/shared/run.refl"])
    assert token_of(record).startswith(PREFIX)
    held = grants.holder(token_of(record))
    assert (held.user, sorted(held.jobs)) == ("ada", ["adas"])
    assert sorted(held.files) == ["~ada/shared/run.refl"]
    (listed,) = grants.listing("ada")
    assert (listed.id, listed.token) == (record.id, None)
    assert grants.listing("bob") == []


def test_a_file_of_the_operator_may_be_granted(grants: Grants) -> None:
    held = grants.holder(token_of(issue(grants, files=["/snsdata//RefL/run.nxs"])))
    assert sorted(held.files) == ["/snsdata/RefL/run.nxs"]


def test_an_install_may_be_granted_as_a_job_may(grants: Grants, database: Database) -> None:
    install = add_install(database, install_request("demo==1"))
    assert issue(grants, jobs=[install]).jobs == [install]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"jobs": ["bobs"]}, UnknownItem),
        ({"jobs": ["nobodys"]}, UnknownItem),
        ({"files": ["~bob/shared/x"]}, UnknownItem),
        ({"files": ["~bob/x"]}, UnknownItem),
        ({"files": ["~"]}, UnknownItem),
        ({"files": ["/snsdata"]}, UnknownItem),
        ({"files": ["/hfir/run.nxs"]}, UnknownItem),
        ({"jobs": [], "files": []}, UsageError),
        ({"jobs": ["adas"] * 20_001}, UsageError),
        ({"expires_s": 0.5}, UsageError),
        ({"expires_s": LONGEST_S + 1}, UsageError),
    ],
)
def test_what_is_not_ones_own_or_no_time_is_not_granted(
    grants: Grants, asked: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        issue(grants, **asked)
    assert grants.listing("ada") == []


def test_a_revoked_grant_says_so_and_wakes_its_followers(grants: Grants, bus: Heard) -> None:
    record = issue(grants)
    for _ in range(2):
        asyncio.run(grants.revoke(record.id, "ada"))
    with pytest.raises(NotAuthenticated, match="was revoked at"):
        grants.holder(token_of(record))
    assert bus.subjects[0] == revocation_of(record.id)
    with pytest.raises(UnknownItem):
        asyncio.run(grants.revoke(record.id, "bob"))


def test_a_grant_ends_at_the_moment_that_it_names(
    grants: Grants, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = issue(grants)
    monkeypatch.setattr(module, "now", lambda: record.expires)
    with pytest.raises(NotAuthenticated, match=f"expired at {record.expires}"):
        grants.holder(token_of(record))


def test_many_tokens_are_judged_each_by_itself(grants: Grants) -> None:
    good, revoked = issue(grants), issue(grants)
    asyncio.run(grants.revoke(revoked.id, "ada"))
    tokens = [token_of(good), token_of(revoked), PREFIX + "x"]
    found = grants.holders(tokens)
    assert found[tokens[0]] == grants.holder(tokens[0])
    assert isinstance(found[tokens[1]], NotAuthenticated)
    assert str(found[tokens[2]]) == "this service does not know the grant"


def test_what_ended_long_ago_is_forgotten(grants: Grants, monkeypatch: pytest.MonkeyPatch) -> None:
    record = issue(grants)
    asyncio.run(grants.sweep())
    assert len(grants.listing("ada")) == 1
    monkeypatch.setattr(module, "later", lambda _: "2999")
    asyncio.run(grants.sweep())
    with pytest.raises(NotAuthenticated, match="does not know"):
        grants.holder(token_of(record))


def test_its_holder_renews_it_until_its_end_and_no_further(
    grants: Grants, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = issue(grants, renewable_s=3 * 86_400.0, lent_to="http://two.example")
    assert record.lent_to == "http://two.example"
    renewed = asyncio.run(grants.renew(grants.holder(token_of(record))))
    assert record.expires < renewed.expires < str(record.renewable_until)
    assert grants.holder(token_of(record)).expires == renewed.expires
    monkeypatch.setattr(module, "later", lambda _: "2999")
    assert asyncio.run(grants.renew(grants.holder(token_of(record)))).expires == (
        record.renewable_until
    )
    held = grants.holder(token_of(record))
    monkeypatch.setattr(module, "now", lambda: str(record.renewable_until))
    with pytest.raises(UsageError, match=f"not renewed after {record.renewable_until}"):
        asyncio.run(grants.renew(held))


def test_what_was_revoked_is_not_renewed(grants: Grants) -> None:
    record = issue(grants)
    held = grants.holder(token_of(record))
    asyncio.run(grants.revoke(record.id, "ada"))
    asyncio.run(grants.renew(held))  # as one that came just before
    with pytest.raises(NotAuthenticated, match="was revoked at"):
        grants.holder(token_of(record))


def test_one_that_is_bound_to_nobody_is_made_where_that_is_permitted_and_never_renewed(
    database: Database, bus: Heard
) -> None:
    with pytest.raises(UsageError, match="this names none"):
        issue(grants_of(database, bus), holder=None)
    free = Grants(database, bus, permits_unbound=anybody, on_end=unheard, permits_shipped=anybody)
    record = issue(free, holder=None)
    assert (record.holder, record.renewable_until) == (None, None)
    with pytest.raises(UsageError, match="is not renewed"):
        asyncio.run(free.renew(free.holder(token_of(record))))


def test_a_bounced_one_is_used_by_passes_of_its_maker(grants: Grants) -> None:
    record = issue(grants, bounced=True)
    assert record.bounced
    asked = PassRequest(method="GET", path="/api/v1/jobs/adas")
    token = grants.make_pass(record.id, "ada", asked).token
    opened = grants.holder(token)
    assert (opened.id, opened.bounced, opened.only) == (
        record.id,
        False,
        (asked.method, asked.path),
    )
    assert grants.record(record.id, "ada").token is None
    for user, id_ in (("bob", record.id), ("ada", "unknown")):
        with pytest.raises(UnknownItem, match="no grant"):
            grants.make_pass(id_, user, asked)
    with pytest.raises(NotPermitted, match="does not open"):
        grants.make_pass(record.id, "ada", replace(asked, path="/api/v1/jobs/three"))
    grants.spend(token)
    with pytest.raises(NotAuthenticated, match="was used, or is over"):
        grants.holder(token)
    left = grants.make_pass(record.id, "ada", asked).token
    asyncio.run(grants.revoke(record.id, "ada"))
    with pytest.raises(NotAuthenticated, match="was revoked"):
        grants.holder(left)
    with pytest.raises(NotPermitted, match="was revoked"):
        grants.make_pass(record.id, "ada", asked)


def test_a_shipped_one_takes_no_pass(grants: Grants) -> None:
    with pytest.raises(UsageError, match="without a pass"):
        grants.make_pass(issue(grants).id, "ada", PassRequest(method="GET", path="/x"))


def test_what_the_policy_does_not_ship_is_bounced(database: Database, bus: Heard) -> None:
    strict = Grants(database, bus, permits_shipped=nobody, on_end=unheard, permits_unbound=nobody)
    assert issue(strict).bounced
    with pytest.raises(NotPermitted, match="lets no other service hold"):
        issue(strict, bounced=False)
    with pytest.raises(UsageError, match="its holder is missing"):
        issue(
            Grants(database, bus, permits_unbound=anybody, on_end=unheard, permits_shipped=anybody),
            holder=None,
            bounced=True,
        )


@pytest.mark.parametrize("named", ["https://sns.example", "https://sns.example/", "S" * 43])
def test_all_that_a_service_was_lent_is_revoked_by_its_url_and_its_keys(
    grants: Grants, bus: Heard, named: str
) -> None:
    of_url = issue(grants, lent_to="https://sns.example", holder="S" * 43)
    asked = GrantRequest(jobs=["bobs"], files=[], expires_s=HOUR_S, holder="S" * 43)
    of_key = asyncio.run(grants.issue("bob", asked))
    others = issue(grants, lent_to="https://ess.example")
    revoked = asyncio.run(grants.revoke_peer(named))
    assert {grant.id for grant in revoked} == {of_url.id, of_key.id}
    assert {revocation_of(each) for each in (of_url.id, of_key.id)} <= {*bus.subjects}
    for each in (of_url, of_key):
        with pytest.raises(NotAuthenticated, match="revoked"):
            grants.holder(token_of(each))
    assert grants.holder(token_of(others)).id == others.id
    assert asyncio.run(grants.revoke_peer(named)) == []
