"""Arrays as lists: of what Python has, with nothing lost that a text can say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from park.runtime.values.npy_lists import lists_of

_LONG = np.dtype("g")
_IS_LONGER = np.finfo(_LONG).max > np.finfo("f8").max


@given(
    st.sampled_from(["?", "i4", "f2", "f8", "c8", "U3", "S3"]).flatmap(
        lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=0, max_dims=3, max_side=3))
    )
)
def test_what_python_has_is_as_numpy_makes_it(array: Any) -> None:
    assert repr(lists_of(array)) == repr(array.tolist())


@pytest.mark.parametrize(
    ("array", "lists"),
    [
        (np.array("1.5", dtype="g"), 1.5),
        (np.array([["1.5"]], dtype="g"), [[1.5]]),
        (np.array([1 + 2j], dtype="G"), [1 + 2j]),
        (np.array([1, 3], dtype="m8[ns]"), ["1 nanoseconds", "3 nanoseconds"]),
        (np.array(3, dtype="m8[h]"), "3 hours"),
        (np.array([], dtype="m8[h]"), []),
        (np.array(["2026-11-28", "NaT"], dtype="M8[D]"), ["2026-11-28", "NaT"]),
        (np.array((1, "a"), dtype=[("i", "i4"), ("s", "U1")]), (1, "a")),
        (
            np.array([("2026-11-28", (1, [2, 3]))], dtype=[("t", "M8[ns]"), ("r", "g,(2,)g")]),
            [("2026-11-28T00:00:00.000000000", (1.0, [2.0, 3.0]))],
        ),
        (np.zeros((0, 2), dtype=[("a", "f8")]), []),
    ],
)
def test_nothing_of_numpy_is_left(array: Any, lists: Any) -> None:
    found = lists_of(array)
    assert (found, repr(found)) == (lists, repr(lists))


@pytest.mark.skipif(not _IS_LONGER, reason="a long double is a double here")
def test_a_number_beyond_those_of_python_is_a_text() -> None:
    assert lists_of(np.array(["1e400", "1"], dtype="g")) == ["1e+400", "1.0"]
