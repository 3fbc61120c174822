"""Two arrays of numpy, compared item by item."""

from __future__ import annotations

from park.model.parity.arrays import read_array
from park.model.parity.comparison import Comparison

__all__ = ["compare_arrays"]


def compare_arrays(there: bytes, here: bytes, where: str, found: Comparison) -> None:
    """Compare the .npy files ``there`` and ``here``: type and shape, and each item.

    Whole numbers must be the same. What `Array.is_readable` does not cover is
    compared by its bytes.
    """
    if there == here:
        return
    try:
        first, second = read_array(there), read_array(here)
        about = (first.dtype, first.shape), (second.dtype, second.shape)
        if about[0] != about[1]:
            found.differs(where, *(f"{dtype} of shape {shape}" for dtype, shape in about))
            return
        if not first.is_readable or first.fortran_order != second.fortran_order:
            found.differs(where, f"an array of {first.dtype}", "another one, by its bytes")
            return
        for number, (one, other) in enumerate(zip(first.items(), second.items(), strict=True)):
            if one != other:
                _compare_items(one, other, f"{where}{first.place(number)}", found, first.is_exact)
    except ValueError as error:  # NoArray, or other numbers of items than the shape says
        found.differs(where, str(error), "other bytes")


def _compare_items(
    one: tuple[float, ...],
    other: tuple[float, ...],
    where: str,
    found: Comparison,
    is_exact: bool,  # noqa: FBT001 (its one caller says what it is)
) -> None:
    for part, (first, second) in enumerate(zip(one, other, strict=True)):
        if is_exact and first != second:
            found.differs(where, first, second)
        elif not is_exact:
            found.numbers(where + ("", ".imag")[part], first, second)
