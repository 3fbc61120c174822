"""The seed of a fit: Python's, numpy's, and that of compiled code."""

from __future__ import annotations

import random
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from park.fitting.random_numbers import compiled_seed, seed_all


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    seeded: list[Any] = []
    numpy = SimpleNamespace(random=SimpleNamespace(seed=seeded.append))
    monkeypatch.setitem(sys.modules, "numpy", numpy)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    compiled_seed.cache_clear()
    return seeded


def numba(seeded: list[Any]) -> Any:
    def njit(function: Any) -> Any:
        seeded.append("compiled")
        return function

    return SimpleNamespace(njit=njit)


def test_the_same_seed_gives_the_same_numbers(seeded: list[Any]) -> None:
    seed_all(7, "de")
    state = random.getstate()
    random.seed()
    seed_all(7, "de")
    assert random.getstate() == state
    assert seeded == [7, 7]


def test_numba_is_seeded_where_something_has_loaded_it(
    seeded: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numba", numba(seeded))
    seed_all(7, "de")
    seed_all(8, "de")
    assert seeded == [7, "compiled", 7, 8, 8]  # compiled once


def test_dream_loads_it_before_the_seed(seeded: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> Any:
        if name == "bumps.dream.core":
            monkeypatch.setitem(sys.modules, "numba", numba(seeded))
        return sys.modules.get(name)

    monkeypatch.setattr("importlib.import_module", load)
    seed_all(7, "dream")
    assert seeded == [7, "compiled", 7]
