"""`park.agent.pass_watches`: services that want passes, and what they are answered."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.session.limits import LIMIT_S

from park.agent.keys import Key
from park.agent.pass_watches import Logins, PassWatches
from park.errors import NotAuthenticated, NotPermitted, ParkError, ServiceUnreachable, UnknownItem

NEAR, FAR = "https://near.example", "https://far.example"
GRANT: dict[str, Any] = {
    "id": "g", "jobs": ["a"], "files": [], "created": "c", "expires": "e", "holder": "h",
    "lent_to": NEAR, "bounced": True,
}  # fmt: skip


def wanted(path: str = "/api/v1/jobs/a", method: str = "GET", **more: str) -> dict[str, Any]:
    usual = {"id": "w", "grant": "g", "service": FAR, "method": method, "path": path, "job": "j"}
    return usual | more


@dataclass
class World:
    """Two services and a person: what they say, and what they were told."""

    rounds: list[Any]
    """What near answers, one after the other; an error is raised. After the last: unknown."""
    grant: Any = field(default_factory=lambda: dict(GRANT))
    made: Any = field(default_factory=lambda: {"token": "pass", "seconds": 60.0})
    confirm: bool = False
    says: Callable[[], None] = lambda: None
    questions: list[str] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def of(self, service: str) -> Key:
        if service not in {NEAR, FAR}:
            raise UnknownItem(f"the agent holds no token of {service}", hint="park login")
        return Key(service=service, token="t", since=0.0, confirm=self.confirm)

    def used(self, service: str, reason: str) -> Key:
        self.questions.append(reason)
        self.says()
        return self.of(service)

    def ask(
        self, key: Key, method: str, path: str, document: Any = None, *, limit_s: float = 1.0
    ) -> bytes:
        assert limit_s > 0
        if key.service == FAR:
            self.asked.append((method, path, document))
            answer = self.made if method == "POST" else self.grant
        elif method == "PUT":
            self.answers.append(document)
            self.over.set()
            return b""
        else:
            answer = self._next()
        if isinstance(answer, ParkError):
            raise answer
        return json.dumps(answer).encode()

    def _next(self) -> Any:
        if not self.rounds:
            assert self.over.wait(LIMIT_S)  # the last answer is in before the watch ends
            return UnknownItem("gone")
        return self.rounds.pop(0)

    def watched(self) -> list[dict[str, Any]]:
        """Watch near until it is of an earlier park; return what it was answered."""
        watches = PassWatches(Logins(of=self.of, used=self.used, ask=self.ask))
        before = set(threading.enumerate())
        watches.watch(NEAR)
        watches.watch(NEAR)  # which is no second one
        assert self.over.wait(LIMIT_S)
        try:
            while others := set(threading.enumerate()) - before:
                for thread in others:
                    if thread.is_alive():  # else the watch is just starting it
                        thread.join(LIMIT_S)
                        assert not thread.is_alive()
        finally:
            watches.close()
        return self.answers


def one(**more: Any) -> dict[str, Any]:
    return {"wanted": [wanted(**more)], "lent": 1}


def answer(**said: str) -> dict[str, Any]:
    return {"token": None, "refused": None, "later": None, **said}


def test_a_pass_is_made_for_just_what_is_wanted() -> None:
    world = World([one()])
    assert world.watched() == [answer(token="pass")]
    assert world.asked == [
        ("GET", "/api/v1/grants/g", None),
        ("POST", "/api/v1/grants/g/passes", {"method": "GET", "path": "/api/v1/jobs/a"}),
    ]
    assert world.questions == []


def test_a_service_that_wants_more_is_refused_before_anybody_is_asked() -> None:
    world = World([one(path="/api/v1/tokens")], confirm=True)
    (said,) = world.watched()
    assert "is more than was lent to near.example" in said["refused"]
    assert world.questions == []
    assert [method for method, *_ in world.asked] == ["GET"]


@pytest.mark.parametrize("grant", ["../tokens", "..", "g/../../admin/users", "g?x=1", ""])
def test_what_a_service_calls_a_grant_leads_nowhere_else(grant: str) -> None:
    """A proxy before the lender would follow it, with the login of the user."""
    world = World([one(grant=grant)])
    world.watched()
    paths = [path.removeprefix("/api/v1/grants/") for _, path, _ in world.asked]
    assert not any(set("/?") & set(path.removesuffix("/passes")) for path in paths)
    assert not {"..", "", "../passes", "/passes"} & set(paths)


def test_a_service_that_wants_without_end_has_a_few_threads() -> None:
    most = 0
    began = threading.active_count()

    def count() -> None:
        nonlocal most
        most = max(most, threading.active_count() - began)

    world = World([{"wanted": [wanted(id=str(n)) for n in range(2_000)], "lent": 1}])
    world.confirm, world.says = True, count
    world.watched()
    assert 0 < most <= 64 + 2


def test_a_service_gets_nothing_of_what_was_lent_to_another() -> None:
    world = World([one()], grant={**GRANT, "lent_to": "https://other.example"})
    assert "was not lent to near.example" in world.watched()[0]["refused"]


def test_a_login_that_is_not_there_may_come() -> None:
    world = World([one(service="https://third.example")])
    assert world.watched() == [
        answer(later="the agent holds no token of https://third.example (park login)")
    ]


def test_a_lender_that_is_silent_is_asked_again_later() -> None:
    world = World([one()], grant=ServiceUnreachable("nothing answers"))
    assert world.watched() == [answer(later="nothing answers")]
    assert "cannot be read" in World([one()], made={}).watched()[0]["later"]


def test_a_person_who_says_no_is_taken_at_his_word() -> None:
    def no() -> None:
        raise NotPermitted("its user did not confirm it", details={"refused": True})

    world = World([one()], confirm=True, says=no)
    assert world.watched() == [answer(refused="its user did not confirm it")]
    assert world.questions == ["near.example wants to read job a and its result"]


def test_nobody_at_the_screen_is_no_refusal() -> None:
    def away() -> None:
        raise NotPermitted("nobody confirmed it: TimeoutExpired")

    world = World([one()], confirm=True, says=away)
    assert world.watched() == [answer(later="nobody confirmed it: TimeoutExpired")]


def test_a_silent_service_is_asked_again() -> None:
    silent = ServiceUnreachable("nothing answers")
    assert World([silent, one()]).watched() == [answer(token="pass")]


def test_a_login_that_ended_ends_the_watch() -> None:
    world = World([NotAuthenticated("revoked")])
    world.over.set()
    assert world.watched() == []
