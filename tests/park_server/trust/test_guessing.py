from __future__ import annotations

import pytest

from park.errors import TooManyAttempts
from park_server.trust.guessing import Guessing


class Clock:
    """A time that passes where a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def locked_s(guessing: Guessing, user: str, address: str) -> float:
    try:
        guessing.check(user, address)
    except TooManyAttempts as error:
        return float((error.details or {})["retry_after_s"])
    return 0.0


def test_guesses_are_slowed_and_then_locked_out() -> None:
    clock = Clock()
    guessing = Guessing(clock)
    for _ in range(4):
        guessing.failed("ada", "1.2.3.4")
    assert locked_s(guessing, "ada", "1.2.3.4") == 0
    waits = []
    for _ in range(14):
        guessing.failed("ada", "1.2.3.4")
        waits.append(locked_s(guessing, "ada", "1.2.3.4"))
        clock.now += waits[-1]
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 900
    assert locked_s(guessing, "ada", "1.2.3.4") == 0


def test_another_address_and_another_user_are_not_held_up() -> None:
    guessing = Guessing(Clock())
    for _ in range(10):
        guessing.failed("ada", "1.2.3.4")
    assert locked_s(guessing, "ada", "1.2.3.4") > 0
    assert locked_s(guessing, "ada", "5.6.7.8") == 0
    assert locked_s(guessing, "bob", "1.2.3.4") == 0


def test_many_users_from_one_address_and_one_user_from_many_are_slowed_too() -> None:
    guessing = Guessing(Clock())
    for number in range(60):
        guessing.failed(f"user{number}", "1.2.3.4")
        guessing.failed("ada", f"10.0.0.{number}")
    assert locked_s(guessing, "somebody", "1.2.3.4") > 0
    assert locked_s(guessing, "ada", "9.9.9.9") > 0


def test_the_right_password_was_no_guess() -> None:
    guessing = Guessing(Clock())
    for _ in range(200):
        guessing.failed("ada", "1.2.3.4")
        guessing.succeeded("ada", "1.2.3.4")
    assert locked_s(guessing, "ada", "1.2.3.4") == 0


def test_an_hour_without_a_guess_is_a_new_beginning() -> None:
    clock = Clock()
    guessing = Guessing(clock)
    for _ in range(8):
        guessing.failed("ada", "a")
    clock.now += 4000
    assert guessing.failed("ada", "a") == 1


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    guessing = Guessing(Clock())
    for number in range(12_000):
        guessing.failed(f"user{number}", f"address{number}")
    assert len(guessing._counts) <= 10_000


@pytest.mark.parametrize("guesses", [1100])
def test_no_count_is_too_large(guesses: int) -> None:
    guessing = Guessing(Clock())
    for _ in range(guesses):
        guessing.failed("ada", "a")
    assert locked_s(guessing, "ada", "a") == 900


def test_no_name_and_no_address_are_nobody_elses() -> None:
    guessing = Guessing(Clock())
    for _ in range(6):
        guessing.failed("", "")
    assert locked_s(guessing, "", "") > 0
    assert locked_s(guessing, "ada", "") == 0
    assert locked_s(guessing, "", "1.2.3.4") == 0


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
        ("no address", "another", False),
    ],
)
def test_a_network_of_ipv6_is_one_address(first: str, second: str, same: bool) -> None:  # noqa: FBT001
    guessing = Guessing(Clock())
    for _ in range(5):
        guessing.failed("ada", first)
    assert (locked_s(guessing, "ada", second) > 0) is same
