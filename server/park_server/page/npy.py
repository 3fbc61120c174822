"""Arrays of .npy files without numpy, and without trust in what wrote them.

The format is that of NEP 1: a magic, the length of a header, the header as a Python literal, the
data. The literal is read by a pattern of its own, not evaluated; Python objects (pickles) are not
read at all.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass

__all__ = ["Header", "NotShown", "header_of", "values_of"]

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 8_192
_MOST_DIMENSIONS = 64

_DESCR = re.compile(rb"'descr': *'([<>|=])([a-zA-Z])([0-9]{1,6})'")
_ORDER = re.compile(rb"'fortran_order': *(True|False)")
_SHAPE = re.compile(rb"'shape': *\(([0-9, ]*)\)")

_CODES = {
    ("f", 2): "e",
    ("f", 4): "f",
    ("f", 8): "d",
    ("b", 1): "?",
    **{("i", size): code for size, code in ((1, "b"), (2, "h"), (4, "i"), (8, "q"))},
    **{("u", size): code for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))},
}
"""Kinds of numpy and their letter in `struct`."""


class NotShown(ValueError):
    """It is no array that is shown here; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What a file says of its array; ``start`` is where its data begins."""

    kind: str
    size: int
    is_big: bool
    is_fortran: bool
    shape: tuple[int, ...]
    start: int

    @property
    def dtype(self) -> str:
        """The type of its elements as numpy writes it."""
        names = {"f": "float", "i": "int", "u": "uint", "c": "complex", "b": "bool"}
        name = names.get(self.kind)
        if name == "bool":
            return name
        return f"{name}{8 * self.size}" if name else f"{self.kind}{self.size}"

    @property
    def count(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)


def header_of(content: bytes) -> Header:
    """Return the header of the .npy file that begins with ``content``; raises `NotShown`."""
    if content[:6] != _MAGIC or len(content) < 12:  # noqa: PLR2004 (magic, version, length)
        raise NotShown("no .npy file")
    wide = content[6] > 1
    length = struct.unpack_from("<I" if wide else "<H", content, 8)[0]
    start = (12 if wide else 10) + length
    if length > _LONGEST_HEADER:
        raise NotShown("its header is longer than any")
    text = content[12 if wide else 10 : start]
    descr, order, shape = _DESCR.search(text), _ORDER.search(text), _SHAPE.search(text)
    if descr is None or order is None or shape is None:
        raise NotShown("its elements are no plain numbers")
    sizes = [int(each) for each in shape[1].split(b",") if each.strip()]
    if len(sizes) > _MOST_DIMENSIONS or any(each > 1 << 62 for each in sizes):
        raise NotShown("its shape is none")
    return Header(
        kind=descr[2].decode(),
        size=int(descr[3]),
        is_big=descr[1] == b">",
        is_fortran=order[1] == b"True",
        shape=tuple(sizes),
        start=start,
    )


def values_of(header: Header, content: bytes, most: int) -> list[float | int | bool | None]:
    """Return the first ``most`` elements, in the order of the file; those there are.

    What JSON has no form for (nan, infinities) is None. Raises `NotShown` for other kinds.
    """
    code = _CODES.get((header.kind, header.size))
    if code is None:
        raise NotShown(f"elements of {header.dtype} are not shown")
    there = max(0, len(content) - header.start) // header.size
    count = min(header.count, most, there)
    found = struct.unpack_from(
        f"{'>' if header.is_big else '<'}{count}{code}", content, header.start
    )
    return [each if not isinstance(each, float) or math.isfinite(each) else None for each in found]
