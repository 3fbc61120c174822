"""A plan lets nothing change a service: in its thread, or in the whole process."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from park.blocks import reach_threads
from park.client.access.dry_run import dry_run, refuse_in_dry_run
from park.errors import PlanEnds


def refused(method: str = "POST") -> bool:
    try:
        refuse_in_dry_run(method, "https://sns.example.org/api/v1/jobs")
    except PlanEnds as error:
        return method in error.message
    return False


def test_nothing_is_refused_where_no_plan_is_made() -> None:
    assert not refused()


def test_what_may_change_something_ends_a_plan_and_what_only_asks_does_not() -> None:
    token = dry_run.begin(object())
    try:
        assert refused("POST")
        assert refused("DELETE")
        assert not refused("GET")
    finally:
        dry_run.end(token)
    assert not refused()


@pytest.mark.parametrize("everywhere", [False, True])
def test_threads_of_park_are_concerned_only_where_all_are(everywhere: bool) -> None:  # noqa: FBT001
    heard: list[bool] = []
    recorder = object()
    token = None if everywhere else dry_run.begin(recorder)
    dry_run.everywhere = recorder if everywhere else None
    try:
        other = threading.Thread(target=lambda: heard.append(refused()), name="park sends")
        other.start()
        other.join()
    finally:
        dry_run.everywhere = None
        if token is not None:
            dry_run.end(token)
    assert heard == [everywhere]


def test_threads_and_calls_of_pools_are_in_the_plan_that_starts_them() -> None:
    reach_threads()
    heard: list[bool] = []
    with ThreadPoolExecutor(1) as pool:
        token = dry_run.begin(object())
        try:
            assert pool.submit(refused).result()
            thread = threading.Thread(target=lambda: heard.append(refused()))
            thread.start()
            thread.join()
        finally:
            dry_run.end(token)
        assert heard == [True]
        assert not pool.submit(refused).result()  # though its thread was started in the plan
