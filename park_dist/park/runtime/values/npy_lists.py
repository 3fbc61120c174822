"""Arrays as lists of what Python has: nothing of numpy's is left in them.

`numpy.ndarray.tolist` leaves what Python has no number for (long doubles), and makes numbers of
moments of nanoseconds, whose unit is lost.
"""

from __future__ import annotations

from typing import Any

__all__ = ["lists_of"]

_SHORTER = {"g": "f8", "G": "c16"}
"""Numbers that Python does not have, and those that are nearest."""


def lists_of(array: Any) -> Any:
    """Return an array as nested lists, a record of named fields as a tuple.

    Of an array without dimensions it is what stands in it. Moments are texts (ISO 8601), spans of
    time have their unit (``5 nanoseconds``), and numbers too large for Python's floats are texts.
    """
    if not array.dtype.names:
        return _plain(array).tolist()
    fields = [lists_of(array[name]) for name in array.dtype.names]
    return _records(fields, array.ndim)


def _plain(array: Any) -> Any:
    if array.dtype.kind == "M":
        return array.astype("U")
    if array.dtype.kind == "m":
        return _as_texts(array)
    shorter = _SHORTER.get(array.dtype.char)
    return array if shorter is None else _shortened(array, shorter)


def _shortened(array: Any, kind: str) -> Any:
    import numpy as np  # type: ignore[import-not-found,unused-ignore]  # which made the array

    with np.errstate(over="ignore"):
        found = array.astype(kind)
    fits = np.array_equal(np.isfinite(found), np.isfinite(array))
    return found if fits else _as_texts(array)


def _as_texts(array: Any) -> Any:
    import numpy as np  # as above

    texts = np.array([str(each) for each in array.flat], dtype=object)
    return texts.reshape(array.shape)


def _records(fields: list[Any], levels: int) -> Any:
    """Return fields that are nested alike, ``levels`` deep, as one nest of records."""
    if not levels:
        return tuple(fields)
    return [_records(list(parts), levels - 1) for parts in zip(*fields, strict=True)]
