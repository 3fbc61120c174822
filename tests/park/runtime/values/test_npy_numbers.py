"""Arrays of numbers: read as numpy reads them, and what else there is left to numpy."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from park.runtime.values.npy_numbers import numbers_of

KINDS = ("?", "i1", "u1", "<i2", ">u2", "<i4", "<u4", ">i8", "<u8", "<f4", ">f4", "<f8", ">f8")


def saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@given(
    st.sampled_from(KINDS).flatmap(
        lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=0, max_dims=3, max_side=4))
    )
)
def test_numbers_are_those_of_numpy_by_type_and_digit(array: Any) -> None:
    found = numbers_of(saved(array))
    assert repr(found) == repr(array.tolist())


def test_an_empty_row_and_special_values() -> None:
    assert numbers_of(saved(np.array([]))) == []
    first, second, third = numbers_of(saved(np.array([math.nan, math.inf, -0.0])))
    assert (math.isnan(first), second, math.copysign(1, third)) == (True, math.inf, -1.0)


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a"]),
        np.array([1j]),
        np.array(["2026-11-27"], dtype="M8[D]"),
        np.asfortranarray(np.arange(4.0).reshape(2, 2)),
        np.zeros((2, 0)),
        np.array([1.0], dtype="f2"),
    ],
)
def test_all_else_is_for_numpy_to_read(array: Any) -> None:
    assert numbers_of(saved(array)) is None


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x93NUMPY\x09\x00\x01\x00x", b"text"])
def test_what_is_no_array_is_none(data: bytes) -> None:
    assert numbers_of(data) is None


def test_a_body_that_is_cut_is_none() -> None:
    assert numbers_of(saved(np.arange(3.0))[:-1]) is None
