"""`park_server.accounts.account`: how a range is said, and which number comes next."""

from __future__ import annotations

from pathlib import Path

import pytest

from park.errors import UsageError
from park_server.accounts.account import USUAL, Account, NumberRange


def test_a_range_is_its_two_ends() -> None:
    assert NumberRange.parse("200000-265535") == NumberRange(first=200_000, last=265_535)
    assert USUAL.last - USUAL.first == 65_535


@pytest.mark.parametrize("text", ["", "5", "a-b", "9-5", "0-9", "-5", "1-4294967295", "1-2-3"])
def test_what_is_no_range_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        NumberRange.parse(text)
    assert "200000-265535" in str(raised.value.hint)


def test_a_number_is_never_given_twice_and_the_last_one_is_the_end() -> None:
    numbers = NumberRange(first=10, last=12)
    assert numbers.free([]) == 10
    assert numbers.free([10, 99]) == 11
    assert numbers.free([11]) == 12  # 10 may have been somebody's
    assert numbers.free([12]) is None


def test_a_process_is_told_who_to_be() -> None:
    account = Account(name="ada", uid=5, gid=6, groups=(7, 8), home=Path("/home/ada"))
    assert account.word == "user=5:6:7,8"
    assert account.owner == (5, 6)
