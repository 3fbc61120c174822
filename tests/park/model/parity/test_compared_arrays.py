"""Two arrays: by type, shape and item."""

from __future__ import annotations

import io

import numpy as np
import pytest

from park.model.parity.compared_arrays import compare_arrays
from park.model.parity.comparison import Comparison, Tolerance, Verdict


def written(array: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(array), allow_pickle=False)
    return file.getvalue()


def compared(there: object, here: object, relative: float = 1e-6) -> Comparison:
    found = Comparison(of="x", tolerance=Tolerance(relative=relative))
    compare_arrays(written(there), written(here), "x", found)
    return found


def test_each_place_is_told() -> None:
    there = np.ones((2, 3))
    here = there.copy()
    here[1, 2], here[0, 0] = 1.5, 1 + 1e-9
    found = compared(there, here)
    assert (found.verdict, found.beyond, found.within) == (Verdict.DIFFERENT, 1, 1)
    assert found.deviation is not None
    assert found.deviation.where == "x[1, 2]"


@pytest.mark.parametrize(
    ("there", "here"),
    [
        (np.ones(3), np.ones(4)),
        (np.ones(3), np.ones(3, "<f4")),
        (np.ones(3, int), np.array([1, 1, 2])),
        (np.array(["a"]), np.array(["b"])),
        (np.ones((2, 2)), np.asfortranarray(np.array([[1.0, 2.0], [1.0, 1.0]]))),
        (np.array([1j]), np.array([2j])),
    ],
)
def test_what_no_tolerance_covers_differs(there: object, here: object) -> None:
    assert compared(there, here, relative=1e-3).verdict is Verdict.DIFFERENT


def test_nan_is_like_nan() -> None:
    assert compared([np.nan, 1.0], [np.nan, 1.0 + 1e-9]).verdict is Verdict.CLOSE


def test_damage_is_a_difference_and_no_error() -> None:
    found = Comparison(of="x", tolerance=Tolerance())
    compare_arrays(written([1.0, 2.0]), written([1.0, 2.0])[:-3], "x", found)
    assert found.verdict is Verdict.DIFFERENT
