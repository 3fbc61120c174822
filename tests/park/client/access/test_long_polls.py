"""Following leaves: in few requests, however they come, and until each is told."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.follow_server import FollowServer

from park.client.access import long_polls as polls
from park.client.access.long_polls import LongPolls, long_polls
from park.errors import ServiceUnreachable, UnknownItem
from park.model.backoff import Backoff


@pytest.fixture
def service() -> Iterator[FollowServer]:
    with FollowServer() as server:
        yield server


class Heard:
    """Follows jobs by name, and hears of each."""

    def __init__(self, on: LongPolls) -> None:
        self._polls = on
        self._told: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.wanted = True

    def follow(self, *names: str) -> None:
        leaves = [({"job": name, "is": "completed"}, self._hear(name)) for name in names]
        self._polls.follow(leaves, wanted=lambda: self.wanted)

    def _hear(self, name: str) -> Any:
        return lambda answer: self._told.put((name, answer))

    def next(self) -> tuple[str, str]:
        name, answer = self._told.get(timeout=LIMIT_S)
        return name, getattr(answer, "truth", None) or type(answer).__name__

    def is_silent(self) -> bool:
        return self._told.empty()


@pytest.fixture
def heard(service: FollowServer) -> Heard:
    return Heard(LongPolls(service.address))


def test_each_leaf_is_told_once_when_it_is_decided(service: FollowServer, heard: Heard) -> None:
    heard.follow("a", "b")
    service.end("b")
    assert heard.next() == ("b", "true")
    service.end("a", "never")
    assert heard.next() == ("a", "never")
    assert heard.is_silent()


def asked(service: FollowServer, count: int) -> bool:
    return len(service.questions) == count


def test_a_new_question_takes_over_those_that_are_no_larger(
    service: FollowServer, heard: Heard
) -> None:
    for count, name in enumerate("abcd", 1):
        heard.follow(name)
        service.until(partial(asked, service, count))
    assert service.questions == [1, 1 + 1, 1, 1 + 1 + 2]
    for name in "abcd":
        service.end(name)
    assert {heard.next()[0] for _ in "abcd"} == set("abcd")


def test_many_leaves_are_asked_for_in_questions_of_a_size(
    service: FollowServer, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "_MOST", 3)
    heard.follow(*"abcdefgh")
    service.until(lambda: len(service.questions) == 3)
    assert sorted(service.questions) == [2, 3, 3]
    for name in "abcdefgh":
        service.end(name)
    assert {heard.next()[0] for _ in range(8)} == set("abcdefgh")


def test_a_refusal_is_told_to_the_leaf_that_it_concerns(
    service: FollowServer, heard: Heard
) -> None:
    service.refused.add("c")
    heard.follow(*"abcde")
    assert heard.next() == ("c", UnknownItem.__name__)
    for name in "abde":
        service.end(name)
    assert dict(heard.next() for _ in "abde") == dict.fromkeys("abde", "true")


def test_what_is_not_wanted_any_more_is_not_told(service: FollowServer) -> None:
    on = LongPolls(service.address)
    gone, heard = Heard(on), Heard(on)
    gone.follow("a")
    heard.follow("b")
    service.until(lambda: sum(service.questions) >= 2)
    gone.wanted = False
    service.end("b")
    assert heard.next() == ("b", "true")
    heard.follow("c")
    service.end("c")
    assert heard.next() == ("c", "true")
    assert gone.is_silent()


def test_a_service_that_stays_away_is_told_to_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "_GIVE_UP_S", 0.05)
    monkeypatch.setattr(polls, "_BACKOFF", Backoff(first_s=0.05, longest_s=5.0))
    with FollowServer() as gone:
        heard = Heard(LongPolls(gone.address))
    heard.follow("a", "b")
    expected = ServiceUnreachable.__name__
    assert dict(heard.next() for _ in "ab") == {"a": expected, "b": expected}


def test_a_process_asks_each_service_from_one_place(service: FollowServer) -> None:
    assert long_polls(service.address) is long_polls(service.address)
