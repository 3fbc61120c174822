"""What is remembered of waiting jobs is as true as the transaction that it was made in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.labs.databases import engine_with_tables

from park.model.conditions import Expression, JobIs, Phase, all_of
from park.model.ids import JobId
from park.model.truth import NOT_YET
from park_server.jobs.conditions import writer_cache
from park_server.jobs.conditions.pools import Pools
from park_server.jobs.conditions.progress_log import Reports
from park_server.jobs.conditions.tally import Tally
from park_server.jobs.conditions.writer_cache import WriterCache


@pytest.fixture
def engine() -> Iterator[Engine]:
    with engine_with_tables() as engine:
        yield engine


@pytest.fixture
def cache(engine: Engine) -> WriterCache:
    made = WriterCache(engine, pools=Pools({}), reports=Reports(Path))
    with engine.begin():
        made.clear()
    return made


def tally(leaves: int) -> Tally:
    parts: list[Expression] = [JobIs(job=f"{n}", phase=Phase.COMPLETED) for n in range(leaves)]
    return Tally(all_of(parts), lambda _: NOT_YET)


def test_it_is_stale_until_it_was_made(engine: Engine) -> None:
    made = WriterCache(engine, pools=Pools({}), reports=Reports(Path))
    assert made.is_stale
    made.clear()
    assert not made.is_stale


def test_a_batch_that_is_rolled_back_takes_with_it_what_was_remembered(
    engine: Engine, cache: WriterCache
) -> None:
    with engine.connect() as connection:
        connection.begin()
        cache.keep(JobId("a"), tally(1))
        connection.rollback()
    assert cache.is_stale


def test_a_batch_that_changed_nothing_of_it_may_be_rolled_back(
    engine: Engine, cache: WriterCache
) -> None:
    with engine.connect() as connection:
        connection.begin()
        cache.tally(JobId("a"))
        connection.rollback()
    assert not cache.is_stale


def test_what_was_committed_does_not_make_the_next_one_stale(
    engine: Engine, cache: WriterCache
) -> None:
    with engine.begin():
        cache.touch()
    with engine.connect() as connection:
        connection.begin()
        connection.rollback()
    assert not cache.is_stale


@pytest.mark.parametrize("touches_undone", [True, False])
def test_of_changes_in_one_batch_only_one_that_is_undone_counts(
    engine: Engine, cache: WriterCache, *, touches_undone: bool
) -> None:
    with engine.begin() as connection:
        with connection.begin_nested():
            cache.touch()
        change = connection.begin_nested()
        if touches_undone:
            cache.touch()
        change.rollback()
    assert cache.is_stale is touches_undone


def test_of_too_many_leaves_those_not_asked_for_longest_are_forgotten(
    cache: WriterCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_cache, "_MOST_LEAVES", 5)
    one, two, three = (JobId(name) for name in ("one", "two", "three"))
    cache.keep(one, tally(2))
    cache.keep(two, tally(2))
    assert cache.tally(one) is not None  # asked for: it is the younger now
    cache.keep(three, tally(2))
    assert [cache.tally(job) is not None for job in (one, two, three)] == [True, False, True]


def test_the_leaves_of_what_is_kept_anew_or_forgotten_count_no_longer(
    cache: WriterCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_cache, "_MOST_LEAVES", 5)
    for _ in range(3):
        cache.keep(JobId("a"), tally(2))
    cache.keep(JobId("b"), tally(2))
    cache.forget(JobId("b"))
    cache.forget(JobId("absent"))
    cache.keep(JobId("c"), tally(3))
    assert cache.tally(JobId("a")) is not None


def test_one_condition_larger_than_all_may_be_is_kept_alone(
    cache: WriterCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_cache, "_MOST_LEAVES", 5)
    cache.keep(JobId("a"), tally(1))
    cache.keep(JobId("large"), tally(9))
    assert cache.tally(JobId("a")) is None
    assert cache.tally(JobId("large")) is not None
