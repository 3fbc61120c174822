"""Arrays without numpy, compared with what numpy writes; and what is no array."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from park_server.page.npy import NotShown, header_of, values_of


def written(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    "dtype", ["<f8", ">f8", "<f4", "<f2", "<i8", ">i4", "<i2", "i1", "<u8", "u1", "?"]
)
def test_numbers_are_those_of_numpy(dtype: str) -> None:
    array = np.arange(12).reshape(3, 4).astype(dtype)
    content = written(array)
    header = header_of(content)
    assert header.shape == (3, 4)
    assert header.dtype == array.dtype.name
    assert values_of(header, content, 100) == array.ravel().tolist()
    assert values_of(header, content, 5) == array.ravel().tolist()[:5]


def test_what_json_has_no_number_for_is_none() -> None:
    content = written(np.array([1.0, np.nan, np.inf]))
    assert values_of(header_of(content), content, 9) == [1.0, None, None]


def test_a_scalar_and_a_cut_file_are_read_as_far_as_they_are_there() -> None:
    content = written(np.float64(2.5))
    assert header_of(content).shape == ()
    assert values_of(header_of(content), content, 9) == [2.5]
    content = written(np.arange(100.0))[:-400]
    assert values_of(header_of(content), content, 1_000) == list(np.arange(50.0))


@pytest.mark.parametrize(
    "array", [np.array([{}], dtype=object), np.array([(1, 2.0)], dtype="i4,f8"), np.array(["a"])]
)
def test_objects_and_records_are_not_read(array: Any) -> None:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    with pytest.raises(NotShown):
        values_of(header_of(file.getvalue()), file.getvalue(), 10)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\xff\xff" + b"x" * 70_000,
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f",
        b"\x93NUMPY\x01\x00\x20\x00__import__('os').system('x')    ",
        b"\x93NUMPY\x01\x00\xf0\x00{'descr': '<f8', 'fortran_order': False, 'shape': ("
        + b"9" * 300
        + b",)}",
    ],
)
def test_what_is_no_array_is_said_so(content: bytes) -> None:
    with pytest.raises(NotShown):
        header_of(content)
