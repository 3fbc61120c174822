"""Large submissions in pieces: in which order, and how large."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import UsageError
from park.model.ids import new_id
from park.wire import JobRequest, decode
from park_server.jobs.admission.pieces import MOST_JOBS, in_order_of_needs, is_large, pieces_of
from park_server.jobs.conditions.needs import Planned, planned

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def plan(*args: Any, job: str = "") -> Planned:
    call = {"args": list(args), "kwargs": {}}
    request = JobRequest(id=job or new_id(), entry_point="m:f", lock_hash="1" * 64, call=call)
    return planned(request, NOW)


def reference(job: str) -> dict[str, Any]:
    return {"$park": "reference", "job": job, "what": "value"}


def circle(*names: str) -> list[Planned]:
    ids = {name: new_id() for name in names}
    following = [*names[1:], names[0]]
    return [
        plan(reference(ids[needed]), job=ids[name])
        for name, needed in zip(names, following, strict=True)
    ]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_jobs_that_wait_for_each_other_are_refused_by_name(size: int) -> None:
    jobs = circle(*"abcde"[:size])
    with pytest.raises(UsageError, match="jobs that wait for each other never start") as caught:
        in_order_of_needs([plan(), *jobs])
    assert str(caught.value).count(" needs ") == size


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=16),
    st.permutations(range(8)),
)
def test_each_comes_behind_what_it_needs(pairs: list[tuple[int, int]], order: list[int]) -> None:
    ids = [new_id() for _ in range(8)]
    forward = {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}
    plans = [
        plan(*(reference(ids[a]) for a, b in forward if b == job), job=ids[job]) for job in order
    ]
    found: list[str] = [each.id for each in in_order_of_needs(plans)]
    assert sorted(found) == sorted(ids)
    assert all(found.index(ids[a]) < found.index(ids[b]) for a, b in forward)


def test_what_needs_nothing_stays_in_its_order() -> None:
    plans = [plan(n) for n in range(5)]
    assert in_order_of_needs(plans) == plans


def test_of_one_id_twice_the_first_counts() -> None:
    twice = [plan(1, job="a" * 8), plan(2, job="a" * 8)]
    assert in_order_of_needs(twice) == twice[:1]


def test_few_small_ones_are_not_cut() -> None:
    assert not is_large(MOST_JOBS, 1000)
    assert len(pieces_of([plan(n) for n in range(MOST_JOBS)])) == 1


def test_one_is_never_cut_and_two_are_where_they_are_large() -> None:
    assert [is_large(jobs, 2 << 20) for jobs in (1, 2)] == [False, True]
    assert is_large(MOST_JOBS + 1, 1000)


def test_many_are_cut_by_number() -> None:
    plans = [plan(n) for n in range(2 * MOST_JOBS + 1)]
    pieces = pieces_of(plans)
    assert [len(piece.plans) for piece in pieces] == [MOST_JOBS, MOST_JOBS, 1]
    assert [each for piece in pieces for each in piece.plans] == plans


def test_large_ones_are_cut_by_size() -> None:
    large = "x" * 600_000
    pieces = pieces_of([plan(large), plan(large), plan(1), plan(large)])
    assert [len(piece.plans) for piece in pieces] == [1, 2, 1]


def test_a_piece_is_made_again_from_its_document() -> None:
    for piece in pieces_of([plan(n) for n in range(MOST_JOBS + 1)]):
        requests = [decode(JobRequest, each) for each in json.loads(piece.document)]
        assert [planned(request, NOW) for request in requests] == list(piece.plans)
