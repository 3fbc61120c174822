"""What an operator's policy comes to at one moment, and what a request puts in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from park.errors import UsageError
from park.wire import CleanRequest
from park_server.clock import timestamp
from park_server.retention.policy import Limits, RetentionPolicy

NOW = 1_800_000_000.0


def test_without_a_word_only_trees_and_what_is_set_aside_go() -> None:
    limits = Limits.of(RetentionPolicy(), NOW)
    assert (limits.jobs, limits.logs, limits.events, limits.jobs_quota_bytes) == (None,) * 4
    assert limits.trees == timestamp(NOW - 30 * 86_400)
    assert limits.quarantine == NOW - 30 * 86_400


def test_events_go_with_the_jobs_of_their_time_unless_they_have_an_age_of_their_own() -> None:
    assert Limits.of(RetentionPolicy(jobs_s=60), NOW).events == timestamp(NOW - 60)
    assert Limits.of(RetentionPolicy(jobs_s=60, events_s=5), NOW).events == timestamp(NOW - 5)


def test_what_is_asked_for_takes_the_place_of_the_policy() -> None:
    own = RetentionPolicy(jobs_s=1, logs_s=2, events_s=3, trees_s=None, jobs_quota_bytes=5)
    assert own.as_asked(CleanRequest()) == own
    asked = own.as_asked(CleanRequest(older_than_s=10, trees_older_than_s=0, newest_trees=0))
    assert asked == RetentionPolicy(
        jobs_s=10, logs_s=2, events_s=3, trees_s=0, newest_trees=0, jobs_quota_bytes=5
    )


@pytest.mark.parametrize("age", [float("inf"), 1e300, NOW])
def test_an_age_beyond_all_times_is_no_error(age: float) -> None:
    assert Limits.of(RetentionPolicy(jobs_s=age), NOW).jobs == timestamp(0.0)


@pytest.mark.parametrize("name", ["older_than_s", "logs_older_than_s", "trees_older_than_s"])
@pytest.mark.parametrize("age", [-0.1, float("-inf"), float("nan")])
def test_what_is_no_age_is_refused_by_name(name: str, age: Any) -> None:
    with pytest.raises(UsageError, match=f"{name} is"):
        RetentionPolicy().as_asked(replace(CleanRequest(), **{name: age}))


def test_fewer_than_none_is_refused() -> None:
    with pytest.raises(UsageError, match="newest_trees is -1"):
        RetentionPolicy().as_asked(CleanRequest(newest_trees=-1))
