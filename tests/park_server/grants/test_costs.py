"""`park_server.grants.costs`: how much may be asked, followed and read with one grant."""

from __future__ import annotations

from typing import Any

import pytest

from park.errors import OverLimit, TooLarge
from park_server.grants import costs as module
from park_server.grants.costs import GrantCosts
from park_server.trust.policy import GrantLimits


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def costs(clock: Clock | None = None, **limits: Any) -> GrantCosts:
    return GrantCosts(lambda: GrantLimits(**limits), clock or Clock())


def test_requests_are_counted_by_the_minute() -> None:
    clock = Clock()
    counted = costs(clock, requests=60)
    for _ in range(60):
        counted.admit("a")
    with pytest.raises(OverLimit, match="60 requests in a minute is its limit") as caught:
        counted.admit("a")
    assert caught.value.details == {"retry_after_s": 1}
    counted.admit("b")
    clock.now += 1.0
    counted.admit("a")
    with pytest.raises(OverLimit):
        counted.admit("a")
    clock.now += 3600.0
    for _ in range(60):
        counted.admit("a")


def test_bytes_are_counted_and_end() -> None:
    counted = costs(megabytes=1)
    assert counted.sent("a", 999_999)
    counted.admit("a")
    assert not counted.sent("a", 1)
    with pytest.raises(TooLarge, match="1 MB is its limit"):
        counted.admit("a")
    counted.forget(["a"])
    counted.admit("a")


def test_leaves_are_counted_while_they_are_followed() -> None:
    counted = costs(leaves=100)
    with pytest.raises(TooLarge, match=r"101 leaves in one request .* 100 is its limit"):
        counted.following({"a": 101}).__enter__()
    with counted.following({"a": 60, "b": 100}):
        with pytest.raises(OverLimit, match="100 leaves that are followed at a time"):
            counted.following({"a": 41}).__enter__()
        with counted.following({"a": 40}):
            pass
    with counted.following({"a": 100}):
        pass


def test_one_refusal_leaves_nothing_counted() -> None:
    counted = costs(leaves=100)
    with pytest.raises(TooLarge):
        counted.following({"a": 100, "b": 101}).__enter__()
    with counted.following({"a": 100}):
        pass


def test_grants_that_nobody_knows_any_more_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_KNOWN", 10)
    clock = Clock()
    counted = costs(clock)
    with counted.following({"followed": 7}):
        for number in range(100):
            clock.now += 1.0
            counted.admit(str(number))
        assert len(counted._spent) == 10
        assert counted._spent["followed"].leaves == 7
