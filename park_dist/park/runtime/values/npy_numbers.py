"""Arrays of plain numbers in numpy's file format, read where numpy need not be.

The format is that of NEP 1; here are those of its arrays that Python's own numbers hold: truth
values, integers, and floats of 32 and 64 bits.
"""

from __future__ import annotations

import ast
import struct
from math import prod
from typing import Any

__all__ = ["numbers_of"]

_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {1: "<H", 2: "<I", 3: "<I"}
_FORMATS = {
    "b1": "?",
    "i1": "b",
    "u1": "B",
    "i2": "h",
    "u2": "H",
    "i4": "i",
    "u4": "I",
    "i8": "q",
    "u8": "Q",
    "f4": "f",
    "f8": "d",
}
"""What numpy calls a type, and what `struct` does."""


def numbers_of(data: bytes) -> Any:
    """Return an array as nested lists of numbers, one without dimensions as the number.

    None for what holds anything else, or is not in this format: that is numpy's to read.
    """
    try:
        return _read(data)
    except (ValueError, SyntaxError, LookupError, TypeError, struct.error):
        return None


def _read(data: bytes) -> Any:
    if not data.startswith(_MAGIC):
        return None
    width = _LENGTH_BYTES[data[6]]
    begin = 8 + struct.calcsize(width)
    (length,) = struct.unpack_from(width, data, 8)
    header = ast.literal_eval(data[begin : begin + length].decode("latin-1"))
    order, kind = header["descr"][0], header["descr"][1:]
    shape = tuple(header["shape"])
    if (header["fortran_order"] and len(shape) > 1) or 0 in shape[1:]:
        return None
    order = {"|": "="}.get(order, order)
    flat = struct.unpack(f"{order}{prod(shape)}{_FORMATS[kind]}", data[begin + length :])
    return _nested(list(flat), shape) if shape else flat[0]


def _nested(flat: list[Any], shape: tuple[int, ...]) -> list[Any]:
    for size in reversed(shape[1:]):
        flat = [flat[start : start + size] for start in range(0, len(flat), size)]
    return flat
