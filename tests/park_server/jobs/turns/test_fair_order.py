"""Whose turn it is: users share slots by time, whatever each has waiting."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park_server.jobs.turns.fair_order import FairOrder

ADA, BOB, EVE = "ada", "bob", "eve"


@dataclass
class Machine:
    """Slots that are filled in the order of the turns, with jobs of known lengths."""

    slots: int
    weights: dict[str, float] = field(default_factory=dict)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.order = FairOrder(lambda user: self.weights.get(user, 1.0))
        self.waiting: dict[str, list[float]] = {}
        self.runs: dict[int, tuple[float, str]] = {}
        self.used: dict[str, float] = defaultdict(float)
        self.started: list[str] = []

    def submit(self, user: str, lengths: list[float]) -> None:
        self.waiting.setdefault(user, []).extend(lengths)
        self.order.enter(user, self.now)
        self.fill()

    def fill(self) -> None:
        while len(self.runs) < self.slots and (user := self.order.first()) is not None:
            length = self.waiting[user].pop(0)
            if not self.waiting[user]:
                del self.waiting[user]
                self.order.leave(user)
            self.started.append(user)
            self.runs[len(self.started)] = (self.now + length, user)
            self.used[user] += length
            self.order.took(user, len(self.started), self.now)

    def end_one(self) -> None:
        """Go on to the next end of a job."""
        run = min(self.runs, key=lambda each: self.runs[each][0])
        self.now = max(self.now, self.runs.pop(run)[0])
        self.order.gave_back(run, self.now)
        self.fill()


def test_a_flood_lets_anothers_first_job_have_the_next_slot() -> None:
    here = Machine(slots=8)
    here.submit(ADA, [3.0] * 100_000)
    for _ in range(50):
        here.end_one()
    here.submit(BOB, [3.0])
    here.end_one()
    assert here.started[-1] == BOB
    here.end_one()
    assert here.started[-1] == ADA


@given(
    slots=st.integers(1, 6),
    lengths=st.lists(st.floats(0, 1e5), min_size=30, max_size=60),
    ends=st.integers(0, 20),
)
def test_whoever_comes_first_in_his_life_has_the_next_slot(
    slots: int, lengths: list[float], ends: int
) -> None:
    here = Machine(slots=slots)
    for number, length in enumerate(lengths):
        here.submit((ADA, EVE)[number % 2], [length] * 3)
    for _ in range(ends):
        here.end_one()
    here.submit(BOB, [1.0, 1.0])
    here.end_one()
    assert here.started[-1] == BOB


@given(seed=st.integers(0, 10_000), slots=st.integers(1, 8))
def test_users_who_always_wait_have_slots_by_their_weights(seed: int, slots: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (no secret)
    weights = {ADA: 1.0, BOB: 2.0, EVE: 0.5}
    here = Machine(slots=slots, weights=weights)
    longest = 10.0
    for user in weights:
        here.submit(user, [chance.uniform(0.1, longest) for _ in range(2_000)])
    while here.now * slots < 1_500:
        here.end_one()
    assert set(here.waiting) == set(weights)
    each = [here.used[user] / weight for user, weight in weights.items()]
    # what runs now is not told yet, and the tags differ by a job of the lightest
    assert max(each) - min(each) <= (slots + 2) * longest / min(weights.values())


def test_nobody_is_in_debt_for_slots_that_nobody_else_wanted() -> None:
    here = Machine(slots=2)
    here.submit(ADA, [36_000.0])
    here.submit(BOB, [1.0])
    for _ in range(2):
        here.end_one()
    here.submit(BOB, [1.0] * 10)
    here.submit(ADA, [1.0] * 10)
    for _ in range(10):
        here.end_one()
    assert Counter(here.started[2:])[ADA] >= 4  # of twelve, of which one or two run yet


def test_nobody_saves_turns_up_while_he_has_no_jobs() -> None:
    here = Machine(slots=1)
    here.submit(ADA, [1.0] * 500)
    here.submit(BOB, [1.0])
    for _ in range(100):
        here.end_one()
    here.submit(BOB, [1.0] * 100)
    before = len(here.started)
    for _ in range(20):
        here.end_one()
    assert Counter(here.started[before:])[ADA] >= 9


def test_who_had_his_turn_longest_ago_comes_first_among_equals() -> None:
    order = FairOrder()
    for user in (ADA, BOB, EVE):
        order.enter(user, 0)
    turns = []
    for run in range(6):
        turn = order.first()
        assert turn is not None
        turns.append(turn)
        order.took(turn, run, 0)
    assert sorted(turns[:3]) == sorted(turns[3:]) == [ADA, BOB, EVE]


def test_slots_count() -> None:
    order = FairOrder()
    order.enter(ADA, 0)
    order.enter(BOB, 0)
    order.took(ADA, 1, 0, slots=4)
    order.gave_back(1, 10)
    assert order.accounts[ADA].charged == pytest.approx(40)


@given(st.lists(st.floats(0.01, 100), min_size=5, max_size=40), st.integers(1, 30))
def test_a_restart_goes_on_with_the_same_order(lengths: list[float], ends: int) -> None:
    here = Machine(slots=1)
    for number, length in enumerate(lengths):
        here.submit((ADA, BOB, EVE)[number % 3], [length] * 10)
    for _ in range(ends):
        here.end_one()
    expected = here.order.first()
    after = FairOrder()
    after.resume(here.order.accounts)
    after.enter_all(sorted(here.waiting), 0)
    assert after.first() == expected
    after.enter("new", 0)
    turn = after.first()
    assert turn is not None
    assert after.accounts[turn].turn == 0  # whoever comes now, or has never had one


def test_what_an_earlier_service_began_is_charged_from_now_on() -> None:
    order = FairOrder()
    order.found(ADA, 1, now=5)
    order.enter(ADA, 5)
    order.enter(BOB, 5)
    order.gave_back(1, now=15)
    assert order.accounts[ADA].charged - order.accounts[BOB].charged == pytest.approx(10)


def test_an_end_that_is_told_twice_counts_once() -> None:
    order = FairOrder()
    order.took(ADA, 1, 0)
    order.gave_back(1, 3)
    charged = order.accounts[ADA].charged
    order.gave_back(1, 9)
    assert order.accounts[ADA].charged == charged


def test_a_step_costs_as_much_for_many_users_and_for_long() -> None:
    """The heap keeps to the size of those who wait, however often they have had turns."""
    order = FairOrder()
    users = [f"user{number}" for number in range(100)]
    order.enter_all(users, 0)
    for run in range(20_000):
        user = order.first()
        assert user is not None
        order.took(user, run, run)
        order.gave_back(run, run + 0.5)
        assert len(order._heap) <= 2 * len(users) + 66


class TestExpected:
    def test_others_come_before_as_often_as_it_is_their_turn(self) -> None:
        order = FairOrder()
        order.enter_all([ADA, BOB], 0)
        lengths = {ADA: 100, BOB: 2}
        assert order.expected_before(ADA, 0, lengths) == 0
        assert order.expected_before(ADA, 1, lengths) == 1
        assert order.expected_before(ADA, 50, lengths) == 2

    def test_of_who_does_not_wait_nothing_is_expected(self) -> None:
        assert FairOrder().expected_before(ADA, 3, {ADA: 7}) == 0

    def test_it_is_what_happens(self) -> None:
        here = Machine(slots=1)
        here.submit(ADA, [1.0] * 30)
        here.submit(BOB, [1.0] * 30)
        for _ in range(10):
            here.end_one()
        lengths = {user: len(each) for user, each in here.waiting.items()}
        expected = here.order.expected_before(BOB, 5, lengths)
        left = len(here.waiting[BOB]) - 5
        before = len(here.started)
        while len(here.waiting[BOB]) >= left:
            here.end_one()
        assert abs(Counter(here.started[before:])[ADA] - expected) <= 1
