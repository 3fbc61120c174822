"""Lanes: each user's jobs in their order, and the next from who has had least."""

from __future__ import annotations

import pytest
from support.material.open_doors import unheard

from park.model.ids import JobId
from park_server.jobs.turns.fair_order import FairOrder
from park_server.jobs.turns.lanes import Ahead, Lanes


def ids(text: str) -> list[JobId]:
    return [JobId(each) for each in text]


class Desk:
    """Lanes from which jobs start that take no time."""

    def __init__(self) -> None:
        self.order = FairOrder()
        self.lanes = Lanes(self.order, lambda: 0.0, unheard)

    def add(self, user: str, jobs: str) -> None:
        self.lanes.add((user, job) for job in ids(jobs))

    def started(self, most: int = 100) -> str:
        found: list[str] = []
        while len(found) < most and (user := self.lanes.turn()) is not None:
            job = self.lanes.pop(user)
            self.order.took(user, job, 0.0)
            found.append(job)
        return "".join(found)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_jobs_of_one_user_come_in_their_order(desk: Desk) -> None:
    desk.add("ada", "abc")
    desk.add("ada", "de")
    assert desk.lanes
    assert desk.started() == "abcde"
    assert not desk.lanes


def test_users_take_turns(desk: Desk) -> None:
    desk.add("ada", "abcdef")
    assert desk.started(2) == "ab"
    desk.add("bob", "12")
    assert desk.started() == "1c2def"


def test_what_is_put_first_comes_before_those_of_its_user_alone(desk: Desk) -> None:
    desk.add("ada", "abc")
    desk.add("bob", "123")
    desk.lanes.add_first([("bob", JobId("x")), ("bob", JobId("y")), ("eve", JobId("z"))])
    assert [job for job in desk.started() if job in "123xy"] == list("xy123")


def test_the_head_of_a_lane_stays_in_it(desk: Desk) -> None:
    desk.add("ada", "abc")
    assert desk.lanes.head("ada", 2) == ids("ab")
    assert desk.started() == "abc"


def test_after_it_is_cleared_nobody_waits(desk: Desk) -> None:
    desk.add("ada", "abc")
    desk.lanes.clear()
    assert not desk.lanes
    assert desk.lanes.turn() is None


def test_how_many_come_before_a_job(desk: Desk) -> None:
    desk.add("ada", "abcdef")
    desk.add("bob", "12")
    assert desk.lanes.ahead_of(JobId("a"), "ada") == Ahead(own=0)
    assert desk.lanes.ahead_of(JobId("f"), "ada") == Ahead(own=5, others=2)
    assert desk.lanes.ahead_of(JobId("f"), "bob") is None
    assert desk.lanes.ahead_of(JobId("?"), "eve") is None


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        (Ahead(own=0), ", and it is the next"),
        (Ahead(own=2), ", and 2 jobs come before it"),
        (
            Ahead(own=0, others=1),
            ", and about 1 job comes before it: of others, who take turns with you",
        ),
        (
            Ahead(own=2, others=3),
            ", and about 5 jobs come before it: 2 of yours, 3 of others, who take turns with you",
        ),
    ],
)
def test_it_is_told(ahead: Ahead, told: str) -> None:
    assert ahead.told() == told
