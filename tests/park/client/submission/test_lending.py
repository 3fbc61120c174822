"""`park.client.submission.lending`: what is lent to a service is bound to the key of that one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.stand_ins.job_service import JobService

from park.client.submission.item import Opening
from park.client.submission.lending import Lending
from park.errors import CannotSatisfy, NotPermitted, UnknownItem


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def here() -> JobService:
    return JobService("http://here.example")


@pytest.fixture
def there() -> JobService:
    return JobService("http://there.example")


def opening(there: JobService) -> Opening:
    return Opening(outbox=there.service.connection.outbox, jobs=("a",))


def test_it_is_bound_to_the_service_that_gets_it(here: JobService, there: JobService) -> None:
    clock = Clock()
    lending = Lending(here, clock)
    held = lending.lent(opening(there))
    assert held == {"service": there.service.url, "token": "park_grant_1", "holder": here.identity}
    (asked,) = [body for _, path, body in there.asked if path.endswith("grants")]
    assert (asked["holder"], asked["lent_to"]) == (here.identity, "http://here.example")
    here.identity = "N" * 43
    assert lending.lent(opening(there))["holder"] == "K" * 43
    clock.now += 61.0
    assert lending.lent(opening(there))["holder"] == "N" * 43


def test_nothing_is_lent_to_a_service_without_a_key(here: JobService, there: JobService) -> None:
    here.identity = None
    with pytest.raises(CannotSatisfy, match=r"here.example is of an earlier park") as caught:
        Lending(here).lent(opening(there))
    assert "update it" in str(caught.value.hint)
    assert there.asked == []


def test_a_grant_that_is_not_bound_is_revoked(
    here: JobService, there: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked: list[str] = []
    granted = there._granted

    def unbound(request: dict[str, Any]) -> dict[str, Any]:
        return {**granted(request), "holder": None}

    monkeypatch.setattr(there, "_granted", unbound)
    monkeypatch.setattr(there, "delete", revoked.append)
    with pytest.raises(CannotSatisfy, match=r"there.example is of an earlier park"):
        Lending(here).lent(opening(there))
    assert revoked == ["/api/v1/grants/g1"]


@pytest.fixture
def granting(there: JobService, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    asked: list[Any] = []
    granted = there._granted

    def answered(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request["bounced"])
        return {**granted(request), "bounced": bool(request["bounced"])}

    monkeypatch.setattr(there, "_granted", answered)
    return asked


def test_what_is_bounced_is_said_to_the_agent_first(
    here: JobService, there: JobService, granting: list[Any]
) -> None:
    watched: list[tuple[str, str]] = []
    lending = Lending(here, watch=lambda *urls: watched.append(urls))
    held = lending.lent(replace(opening(there), lend="bounce"))
    assert held["bounced"] == "g1"
    assert watched == [("http://here.example", there.service.url)]
    for lend in ("ship", None):
        assert "bounced" not in lending.lent(replace(opening(there), lend=lend))
    assert granting == [True, False, None]
    assert len(watched) == 1


def test_without_an_agent_the_grant_is_revoked(
    here: JobService, there: JobService, granting: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked: list[str] = []
    monkeypatch.setattr(there, "delete", revoked.append)

    def no_agent(*_: str) -> None:
        raise UnknownItem("the agent holds no token")

    with pytest.raises(UnknownItem):
        Lending(here, watch=no_agent).lent(replace(opening(there), lend="bounce"))
    assert (granting, revoked) == ([True], ["/api/v1/grants/g1"])


def test_a_service_that_binds_and_does_not_bounce_lends_nothing(
    here: JobService, there: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(there, "delete", lambda _: None)
    with pytest.raises(CannotSatisfy, match="bounces no grant off an agent"):
        Lending(here).lent(replace(opening(there), lend="bounce"))


def test_a_service_that_holds_nothing_has_all_bounced(
    here: JobService, there: JobService, granting: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    about = here.json

    def with_policy(method: str, path: str, **more: Any) -> Any:
        answer = about(method, path, **more)
        return {**answer, "ships_grants": False} if path == "/api/v1" else answer

    monkeypatch.setattr(here, "json", with_policy)
    lending = Lending(here, watch=lambda *_: None)
    assert lending.lent(opening(there))["bounced"] == "g1"
    with pytest.raises(NotPermitted, match="the policy of"):
        lending.lent(replace(opening(there), lend="ship"))
    assert granting == [True]
