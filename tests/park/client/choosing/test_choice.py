"""`park.client.choosing.choice`: what a user wants where his version is not taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

import pytest
from support.material.environments import pinned_environment, requirements_here

from park.client.choosing.choice import EXACT, VersionPolicy, Wanted, chosen, require_policy
from park.client.choosing.nearness import Ranked
from park.client.choosing.versions import compared
from park.errors import UsageError


def ranked(version: str, *, compatible: bool | None) -> Ranked:
    found = compared(pinned_environment(demo=version), requirements_here(demo="1.0"))
    return Ranked(version=found, reason="", is_compatible=compatible)


def nobody(there: Sequence[Ranked]) -> Ranked:
    raise AssertionError(f"asked, where there are {there}")


NEAR, UNKNOWN, FIT = (
    ranked("1.1", compatible=False),
    ranked("1.2", compatible=None),
    ranked("1.3", compatible=True),
)
THERE = [NEAR, UNKNOWN, FIT]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("exact", None), ("compatible", FIT), ("nearest", NEAR), ("ask", UNKNOWN)],
)
def test_each_policy_takes_its_own(policy: VersionPolicy, expected: Ranked | None) -> None:
    wanted = Wanted(policy=policy, ask=lambda there: there[1])
    assert chosen(wanted, THERE) is expected


@pytest.mark.parametrize("policy", get_args(VersionPolicy))
def test_of_nothing_there_is_nothing_to_choose_and_nobody_is_asked(policy: str) -> None:
    assert chosen(Wanted(policy=cast("VersionPolicy", policy), ask=nobody), []) is None


def test_what_is_not_known_to_be_compatible_is_not_taken_for_it() -> None:
    wanted = Wanted(policy="compatible", ask=nobody)
    assert chosen(wanted, [NEAR, UNKNOWN]) is None
    assert chosen(EXACT, THERE) is None


def test_another_word_is_refused() -> None:
    require_policy("nearest")
    with pytest.raises(UsageError, match="'exact', 'compatible', 'nearest' or 'ask'"):
        require_policy("newest")
