from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.material.projects import copy_package, write_tree
from support.material.wheels import wheel_of

from park.build.cache import Cache
from park.build.eviction import Entry, evict_now_and_then, evicted
from park.local.find import find

DAY = 86_400.0
NOW = 1000 * DAY


def entry(name: str, *, days: float, size: int = 10) -> Entry:
    return Entry(path=Path(name), size=size, used=NOW - days * DAY)


def names(entries: list[Entry], *, quota_bytes: int = 1000) -> list[str]:
    return [each.path.name for each in evicted(entries, now=NOW, quota_bytes=quota_bytes)]


def test_what_nobody_used_for_a_month_goes() -> None:
    assert names([entry("new", days=29), entry("old", days=31)]) == ["old"]


def test_over_the_quota_the_longest_unused_go_until_it_holds() -> None:
    entries = [entry("a", days=2), entry("b", days=4), entry("c", days=3), entry("d", days=0.5)]
    assert names(entries, quota_bytes=40) == []
    assert names(entries, quota_bytes=25) == ["b", "c"]
    assert names(entries, quota_bytes=0) == ["b", "c", "a"]  # d is in use


@given(st.lists(st.tuples(st.floats(0, 60), st.integers(0, 100))), st.integers(0, 500))
def test_what_stays_is_under_the_quota_or_of_today(
    rows: list[tuple[float, int]], quota: int
) -> None:
    entries = [entry(str(n), days=days, size=size) for n, (days, size) in enumerate(rows)]
    gone = set(evicted(entries, now=NOW, quota_bytes=quota))
    stays = [each for each in entries if each not in gone]
    assert all(NOW - each.used <= 30 * DAY for each in stays)
    assert sum(each.size for each in stays) <= quota or all(
        NOW - each.used <= DAY or each.size == 0 for each in stays
    )


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


def age(file: Path, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(file, (then, then))


def test_a_wheel_is_evicted_whole_and_made_again(tmp_path: Path, cache: Cache) -> None:
    project = find(str(copy_package("offline", tmp_path)))
    first = wheel_of(project, cache=cache)
    age(first.path.with_name("wheel.json"), 40)
    assert not wheel_of(project, cache=cache).built  # … which was a use
    age(cache.root / "evicted", 2)
    evict_now_and_then(cache)
    assert first.path.exists()
    age(first.path.with_name("wheel.json"), 40)
    age(cache.root / "evicted", 2)
    evict_now_and_then(cache)
    assert not first.path.parent.exists()
    assert wheel_of(project, cache=cache).sha256 == first.sha256


def test_everything_that_grows_is_evicted(cache: Cache) -> None:
    files = [
        cache.wheels / "demo/1.0/wheel.json",
        cache.wheels / "demo/1.0/demo-1.0-py3-none-any.whl",
        cache.wheels / "demo/1.0.lock",
        cache.environments / "0123/environment.json",
        cache.environments / "0123/venv/bin/python",
        cache.answers / "0123.json",
        cache.hashes / "0123.json",
        cache.exports / "0123.lock",
    ]
    for file in files:
        write_tree(file.parent, {file.name: "{}"})
        age(file, 40)
    evict_now_and_then(cache)
    assert [file for file in files if file.exists()] == []


def test_it_looks_once_a_day(cache: Cache) -> None:
    evict_now_and_then(cache)
    file = cache.hashes / "0123.json"
    write_tree(file.parent, {file.name: "{}"})
    age(file, 40)
    evict_now_and_then(cache)
    assert file.exists()
    evict_now_and_then(cache, clock=lambda: time.time() + 1.5 * DAY)
    assert not file.exists()


def test_a_wheel_that_was_unpacked_is_evicted_whole(cache: Cache) -> None:
    for name, days in (("old", 40), ("new", 20)):
        folder = cache.unpacked / name
        write_tree(folder, {"film.py": "", "film-1.dist-info/RECORD": ""})
        age(folder / "film-1.dist-info/RECORD", days)
    evict_now_and_then(cache)
    assert [each.name for each in cache.unpacked.iterdir()] == ["new"]
