"""`park.client.submission.lending`: what is lent to a service is bound to the key of that one."""

from __future__ import annotations

from typing import Any

import pytest
from support.services.job_service import JobService

from park.client.submission.item import Opening
from park.client.submission.lending import Lending
from park.errors import CannotSatisfy


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
