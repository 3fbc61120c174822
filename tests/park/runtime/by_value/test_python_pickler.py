"""The pickler in Python takes what the one in C takes."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest

from park.runtime.by_value.python_pickler import PythonPickler

ARRAYS: dict[str, list[Any]] = {
    "empty": [np.array([]), np.array([])],
    "of one byte": [np.array([True]), np.array([True]), b"\x01"],
    "larger": [np.arange(3), np.arange(3)],
    "bytes besides": [b"", np.array([]), b""],
}


def written(value: object) -> bytes:
    file = io.BytesIO()
    PythonPickler(file, protocol=5).dump(value)
    return file.getvalue()


@pytest.mark.parametrize("is_writable", [True, False])
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_whose_bytes_are_one_object(name: str, *, is_writable: bool) -> None:
    value = [np.array(each) if isinstance(each, np.ndarray) else each for each in ARRAYS[name]]
    for each in value:
        if isinstance(each, np.ndarray):
            each.flags.writeable = is_writable
    back = pickle.loads(written(value))  # noqa: S301 (made above)
    assert [*map(repr, back)] == [*map(repr, value)]
    kept = [each.flags.writeable for each in back if isinstance(each, np.ndarray)]
    assert kept == [is_writable] * len(kept)
    assert len({id(each) for each in back if isinstance(each, np.ndarray)}) == len(kept)
