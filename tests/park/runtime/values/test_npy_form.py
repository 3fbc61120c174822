"""What .npy files say of arrays."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from park.runtime.codec import encode
from park.runtime.values.npy_form import is_said_by_npy

PAIR = [("a", "i1"), ("b", "f8")]


@pytest.mark.parametrize(
    ("dtype", "said"),
    [
        (np.dtype("f8"), True),
        (np.dtype(PAIR), True),
        (np.dtype(PAIR, align=True), False),
        (np.dtype([("pair", np.dtype(PAIR, align=True), (2,))]), False),
        (np.dtype("f8", metadata={"unit": "nm"}), False),
    ],
    ids=["plain", "fields", "aligned", "inside", "metadata"],
)
def test_what_is_left_out_goes_another_way(dtype: Any, *, said: bool) -> None:
    array = np.zeros(2, dtype=dtype)
    assert is_said_by_npy(dtype) is said
    assert encode(array, set_hash="set")["$park"] == ("ndarray" if said else "pickle")
    if said:
        file = io.BytesIO()
        np.save(file, array)
        file.seek(0)
        assert np.load(file).dtype.isalignedstruct == dtype.isalignedstruct
