"""Options of jobs: what is said wins over what is marked, and nonsense is refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from park.errors import UsageError
from park.model.job_options import JobKeywords, JobOptions, said_options
from park.wire import JobRequest, decode

MARKED = {"timeout_s": 60.0, "restartable": True, "retries": 3, "backoff_s": 2.0}


def test_what_is_not_said_is_as_marked() -> None:
    assert said_options({}, MARKED) == MARKED
    assert said_options({"timeout": None, "retries": None}, MARKED) == MARKED


def test_what_is_said_wins_also_where_it_is_the_default() -> None:
    assert said_options({"retries": 0, "restartable": False}, MARKED) == {
        **MARKED,
        "retries": 0,
        "restartable": False,
    }


def test_keywords_have_no_unit_and_fields_have() -> None:
    said: JobKeywords = {"timeout": 5, "memory": 1 << 20, "backoff": 0.5, "fresh": True}
    assert said_options(said) == {
        "timeout_s": 5,
        "memory_bytes": 1 << 20,
        "backoff_s": 0.5,
        "fresh": True,
        "resources": {"memory_bytes": 1 << 20},
    }


def test_every_keyword_is_a_field_of_the_record_and_of_a_request() -> None:
    said: Any = {
        **dict.fromkeys(JobKeywords.__optional_keys__, 1),
        "label": "film",
        "reuse": True,
        "memory": 1 << 30,
        "licenses": "disk",
        "extra": "--exclusive",
        **dict.fromkeys(("partition", "account", "engine"), "name"),
    }
    named = {each.name for each in fields(JobOptions)}
    assert set(said_options(said)) == named
    assert named <= {each.name for each in fields(JobRequest)}


def test_a_request_without_options_has_the_defaults() -> None:
    request = decode(JobRequest, {"id": "a", "entry_point": "m:f", "call": {}})
    assert all(getattr(request, each.name) == each.default for each in fields(JobOptions))


@pytest.mark.parametrize(
    "said",
    [
        {"retries": -1},
        {"label": ""},
        {"memory": 5},
        {"label": "two\nlines"},
        {"retries": 1.5},
        {"retries": True},
        {"backoff": -0.1},
        {"backoff": float("nan")},
        {"timeout": 0},
        {"timeout": float("inf")},
        {"timeout": "60"},
        {"memory": 0},
        {"memory": 1.5},
    ],
)
def test_what_no_job_can_have_is_refused_by_name(said: Any) -> None:
    (name,) = said
    with pytest.raises(UsageError, match=f"^{name}="):
        said_options(said)


def test_a_keyword_that_there_is_not_is_refused_as_python_does() -> None:
    said: Any = {"timeouts": 5}
    with pytest.raises(TypeError, match="timeouts"):
        said_options(said)


def test_what_a_job_asks_is_as_it_is_marked_where_nothing_else_is_said() -> None:
    marked = {"resources": {"cpus": 4, "memory": "1G"}}
    assert said_options({"cpus": 2}, marked) == {
        "resources": {"cpus": 2, "memory_bytes": 1 << 30},
        "memory_bytes": 1 << 30,
    }
    assert said_options({}, {"resources": None}) == {}
