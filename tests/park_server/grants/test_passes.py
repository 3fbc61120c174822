"""`park_server.grants.passes`: tokens for one use each."""

from __future__ import annotations

import pytest

from park.errors import OverLimit
from park_server.grants import passes as module
from park_server.grants.passes import LASTS_S, PREFIX, Pass, Passes


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_pass_opens_one_request_until_it_is_spent() -> None:
    passes = Passes(Clock())
    token = passes.made("g", "GET", "/x")
    assert token.startswith(PREFIX)
    assert passes.of(token) == Pass(grant="g", only=("GET", "/x"), ends=LASTS_S)
    assert passes.of(token) is not None  # a look is no use
    passes.spend(token)
    passes.spend(token)
    assert passes.of(token) is None


def test_a_pass_is_over_after_its_time() -> None:
    clock = Clock()
    passes = Passes(clock)
    old = passes.made("g", "GET", "/x")
    clock.now = LASTS_S / 2
    new = passes.made("g", "GET", "/x")
    clock.now = LASTS_S
    assert (passes.of(old), passes.of(new) is None) == (None, False)


def test_one_grant_takes_no_others_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_OF_A_GRANT", 2)
    clock = Clock()
    passes = Passes(clock)
    spent, _ = (passes.made("g", "GET", "/x") for _ in range(2))
    with pytest.raises(OverLimit, match="2 passes of one grant"):
        passes.made("g", "GET", "/x")
    passes.made("other", "GET", "/x")
    passes.spend(spent)
    passes.spend(spent)
    passes.made("g", "GET", "/x")
    clock.now = LASTS_S
    for _ in range(2):
        passes.made("g", "GET", "/x")


def test_there_are_not_more_than_a_service_can_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    clock = Clock()
    passes = Passes(clock)
    for _ in range(2):
        passes.made("g", "GET", "/x")
    with pytest.raises(OverLimit, match="ask again in a minute"):
        passes.made("g", "GET", "/x")
    clock.now = LASTS_S
    passes.made("g", "GET", "/x")
