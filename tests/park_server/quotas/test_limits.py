"""Limits: what a table of the policy says, and whose counts."""

from __future__ import annotations

import math
from typing import Any

import pytest

from park_server.quotas.limits import Allowance, GroupShare, Limits


def wrong(key: str, why: str) -> Exception:
    return ValueError(f"{key}: {why}")


def test_a_table_is_read() -> None:
    table = {"disk": "2 GB", "waiting": 50_000, "running": 16, "requests": 2.5, "cores": "none"}
    assert Limits.of(table, wrong) == Limits(
        disk=2 * 1024**3, waiting=50_000, running=16, requests=2.5, cores=math.inf
    )


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("running", 0, 'running is a whole number above 0, or "none", not 0'),
        ("running", 1.5, "not 1.5"),
        ("running", True, "not True"),
        ("running", "16", "not '16'"),
        ("requests", -1, 'requests is a number above 0, or "none", not -1'),
        ("requests", math.nan, "not nan"),
        ("disk", "much", "'much' is no size"),
        ("disk", [], "disk is a whole number above 0, or a size such as"),
        ("share", "none", "share is a number above 0, not 'none'"),
        ("batch", math.inf, "not inf"),
    ],
)
def test_what_is_no_limit_is_refused(key: str, value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: ") as refused:
        Limits.of({key: value}, wrong)
    assert why in str(refused.value)


def test_ones_own_counts_and_else_the_most_generous() -> None:
    own, groups = Limits(running=2), [Limits(running=9, waiting=5), Limits(waiting=math.inf)]
    assert own.or_else(groups) == Limits(running=2, waiting=math.inf)


def test_an_allowance_tells_each_limit_and_whose_it_is() -> None:
    group = GroupShare(group="lab", limits=Limits(running=8), members=frozenset({"ada", "bob"}))
    allowance = Allowance(own=Limits(running=4), together=(group,))
    assert list(allowance.limits("running")) == [(4, None, ""), (8, group.members, "lab")]
    assert list(allowance.limits("disk")) == []
