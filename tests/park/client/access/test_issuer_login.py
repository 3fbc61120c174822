"""`park.client.access.issuer_login`: what is told, how often it is asked, and how it ends."""

from __future__ import annotations

from typing import Any, cast

import pytest

from park.client.access.issuer_login import device_login, issuer_of
from park.client.access.transport import Transport
from park.errors import NotAuthenticated, UnknownItem

LOGIN = {
    "token": "park_x",
    "expires_at": "2999-01-01T00:00:00Z",
    "user": "ada",
    "id": "1",
    "renewable_until": "2999-01-01T00:00:00Z",
}
BEGUN = {
    "handle": "h",
    "user_code": "CODE",
    "uri": "https://auth.example/activate",
    "uri_complete": None,
    "interval_s": 5.0,
    "expires_s": 60.0,
}


class Far:
    def __init__(self, *answers: dict[str, Any], ways: Any = None) -> None:
        self.answers = list(answers)
        self.ways = ways
        self.asked: list[Any] = []

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        self.asked.append((method, path, arguments.get("json")))
        if path.endswith("/login"):
            if self.ways is None:
                raise UnknownItem("nothing at /api/v1/login")
            return self.ways
        return BEGUN if path.endswith("/device") else self.answers.pop(0)


def far(*answers: dict[str, Any], ways: Any = None) -> Transport:
    return cast("Transport", Far(*answers, ways=ways))


class Time:
    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_it_says_where_and_with_which_code_and_waits() -> None:
    time, said = Time(), list[str]()
    there = far({"interval_s": 5.0}, {"interval_s": 10.0}, {"login": LOGIN})
    found = device_login(there, said.append, "here", clock=time.clock, pause=time.pause)
    assert (found.user, found.token) == ("ada", "park_x")
    assert time.pauses == [5.0, 5.0, 10.0]
    assert "https://auth.example/activate" in said[0]
    assert "CODE" in said[1]
    assert there.asked[-1][2] == {"handle": "h", "note": "here"}  # type: ignore[attr-defined]


def test_it_does_not_wait_for_ever() -> None:
    time = Time()
    there = far(*[{"interval_s": 5.0}] * 20)
    with pytest.raises(NotAuthenticated, match="in time"):
        device_login(there, lambda _: None, "", clock=time.clock, pause=time.pause)
    assert time.now == 60.0


def test_a_service_names_its_issuer_or_none() -> None:
    assert issuer_of(far(ways={"issuer": "https://auth.example"})) == "https://auth.example"
    assert issuer_of(far(ways={"issuer": None})) is None
    assert issuer_of(far()) is None
    assert issuer_of(far(ways=[])) is None
