"""Points over processes: each cost at its place, whatever each process does."""

from __future__ import annotations

import os
import signal
import sys
from array import array
from types import SimpleNamespace
from typing import Any

import pytest

from park.fitting import parallel
from park.fitting.parallel import Spread, WorkersLost, spread_of, workers


class Problem:
    """A cost that says in which process it was computed, and what became of it."""

    def nllf(self, point: Any) -> float:
        if point[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if point[0] > 1e6:
            raise ZeroDivisionError("beyond the model")
        return float(point[0] ** 2 + point[1])


@pytest.fixture(autouse=True)
def numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    def frombuffer(data: bytearray, dtype: str) -> Any:
        assert dtype == "=f8"
        return array("d", bytes(data))

    monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace(frombuffer=frombuffer))
    monkeypatch.setattr(parallel, "limit_threads", lambda _: None)


def test_the_costs_are_in_the_order_of_the_points_to_the_last_bit() -> None:
    points = [(number / 7, number / 3) for number in range(40)]
    with workers(Problem(), Spread(3, 3)) as mapper:
        for _ in range(3):
            assert mapper(points) == [x**2 + y for x, y in points]
        assert mapper([]) == []


def test_one_process_needs_no_other() -> None:
    with workers(Problem(), Spread(1, 1)) as mapper:
        assert mapper is None


@pytest.mark.parametrize(
    ("x", "said"), [(-1.0, "ended with exit status -9"), (1e9, "beyond the model")]
)
def test_what_becomes_of_a_process_is_told(x: float, said: str) -> None:
    with (
        pytest.raises(WorkersLost, match=said),
        workers(Problem(), Spread(2, 2)) as mapper,
    ):
        mapper([(1.0, 1.0), (x, 1.0), (2.0, 1.0)])


def test_how_many_there_are() -> None:
    cores = len(os.sched_getaffinity(0))
    assert vars(spread_of(3, "de")) == {"asked": 3, "used": 3, "why": None}
    assert spread_of(0, "dream").used == cores
    amoeba = spread_of(3, "amoeba")
    assert (amoeba.used, amoeba.why) == (1, "amoeba evaluates one point after the other")
    assert spread_of(1, "amoeba").why is None
    for wrong in (-1, True, 1.5):
        with pytest.raises(ValueError, match="a number of processes, or 0 for all cores"):
            spread_of(wrong, "de")  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 20, 1_000])
def test_pieces_are_all_points_in_their_order_and_the_last_are_small(count: int) -> None:
    pieces = list(parallel._pieces(count, 3))
    assert [at for first, end in pieces for at in range(first, end)] == list(range(count))
    assert all(end - first == 1 for first, end in pieces[-3:])
    assert len(pieces) <= 40
