"""Arrays are read as numpy writes them."""

from __future__ import annotations

import io

import numpy as np
import pytest

from park.model.parity.arrays import NoArray, read_array


def written(array: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(array), allow_pickle=False)
    return file.getvalue()


@pytest.mark.parametrize(
    "dtype", ["<f8", ">f8", "<f4", "<f2", "<i8", ">i4", "|i1", "<u2", "|b1", "<c16", "<c8"]
)
def test_each_item_is_read(dtype: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype)
    read = read_array(written(array))
    items = [complex(*each) if len(each) == 2 else each[0] for each in read.items()]
    assert (read.dtype, read.shape, read.is_readable) == (array.dtype.str, (2, 3), True)
    assert items == list(array.ravel())


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_place_is_that_of_the_item(order: str) -> None:
    array = np.arange(24.0).reshape(2, 3, 4)
    read = read_array(written(np.asarray(array, order=order)))  # type: ignore[call-overload]
    for number, (item,) in enumerate(read.items()):
        place = tuple(int(each) for each in read.place(number).strip("[]").split(","))
        assert array[place] == item


def test_the_one_item_of_no_dimension_has_no_place() -> None:
    assert read_array(written(3.0)).place(0) == ""


@pytest.mark.parametrize("dtype", ["<U3", "<M8[s]", "<f16", "i4,f8"])
def test_what_is_read_otherwise_says_so(dtype: str) -> None:
    assert not read_array(written(np.zeros(2, dtype))).is_readable


@pytest.mark.parametrize(
    "data",
    [b"", b"text", b"\x93NUMPY", b"\x93NUMPY\x09\x00ab", written([1.0])[:40], b"\x93NUMPY\x01\x00"],
)
def test_what_is_damaged_is_no_array(data: bytes) -> None:
    with pytest.raises(NoArray):
        read_array(data)


def test_one_that_is_cut_off_is_no_array() -> None:
    with pytest.raises(NoArray, match="cut off"):
        list(read_array(written([1.0, 2.0])[:-1]).items())


@pytest.mark.parametrize("shape", ["(0,)", "(3,)", "(1, 3)", "(10**99,)", "(-2,)"])
def test_one_of_another_shape_than_it_has_items_is_no_array(shape: str) -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    if "**" in shape:  # no literal
        header = header.replace(b"10**99", b"1" + b"0" * 99)
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(16)
    with pytest.raises(NoArray):
        list(read_array(data).items())


def test_a_header_that_is_nested_without_end_is_no_array() -> None:
    header = b"[" * 60_000
    data = b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little") + header
    with pytest.raises(NoArray):
        read_array(data)
