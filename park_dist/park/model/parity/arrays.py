"""Arrays of numpy's .npy format, read without numpy: it may not be where two are compared.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import ast
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["MAGIC", "Array", "NoArray", "read_array"]

MAGIC = b"\x93NUMPY"

_HEADER_LENGTH = {1: "<H", 2: "<I", 3: "<I"}
"""How the length of the header is packed, by the major version of the format."""

_MOST_HEADER_BYTES = 65_536

_CODES = {
    "f2": "e",
    "f4": "f",
    "f8": "d",
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "b1": "?",
    "c8": "ff",
    "c16": "dd",
}
"""How `struct` names what numpy calls so."""


class NoArray(ValueError):
    """It is no array that is read here; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Array:
    """An array: ``dtype`` as numpy writes it, and the items in the order of the file."""

    dtype: str
    shape: tuple[int, ...]
    fortran_order: bool
    data: bytes

    @property
    def is_readable(self) -> bool:
        """Whether `items` can read it: texts, moments, structures and wide floats it does not."""
        return self.dtype[1:] in _CODES and self.dtype[0] in "<>|="

    @property
    def is_exact(self) -> bool:
        """Whether its items are whole numbers or truth values."""
        return self.dtype[1] in "iub"

    def items(self) -> Iterator[tuple[float, ...]]:
        """Yield each item: a number, or the two of a complex one.

        Raises `NoArray` where there are more or fewer than its shape says.
        """
        packed = struct.Struct(self.dtype[0].replace("|", "<") + _CODES[self.dtype[1:]])
        if len(self.data) != packed.size * math.prod(self.shape):
            raise NoArray("an array that is cut off, or longer than its shape")
        return packed.iter_unpack(self.data)

    def place(self, number: int) -> str:
        """Return the index of item ``number`` of the file, as Python writes it."""
        found: list[int] = []
        lengths = self.shape if self.fortran_order else self.shape[::-1]
        for length in lengths:
            number, rest = divmod(number, length)
            found.append(rest)
        indices = found if self.fortran_order else found[::-1]
        return f"[{', '.join(map(str, indices))}]" if indices else ""


def read_array(data: bytes) -> Array:
    """Return the array in ``data``, the content of a .npy file; raises `NoArray`."""
    if not data.startswith(MAGIC):
        raise NoArray("no .npy file")
    try:
        form = _HEADER_LENGTH[data[6]]
        (length,) = struct.unpack_from(form, data, 8)
        begin = 8 + struct.calcsize(form)
        written = data[begin : begin + min(length, _MOST_HEADER_BYTES)]
        header = ast.literal_eval(written.decode("utf-8").strip())
        return Array(
            dtype=str(header["descr"]),
            shape=tuple(int(each) for each in header["shape"]),
            fortran_order=bool(header["fortran_order"]),
            data=data[begin + length :],
        )
    except (
        *(KeyError, IndexError, TypeError, ValueError, SyntaxError, struct.error),
        *(MemoryError, RecursionError),  # a header that is nested without end
    ) as error:
        raise NoArray(f"a damaged .npy file: {error}") from None
