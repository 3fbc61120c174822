"""The pickler of `pickle` that is written in Python: the one that can be extended by types."""

from __future__ import annotations

import pickle
from typing import Any, ClassVar

__all__ = ["DATA", "PythonPickler"]

DATA = frozenset(
    (
        *(type(None), bool, int, float, str, bytes, bytearray),
        *(tuple, list, dict, set, frozenset, pickle.PickleBuffer),
    )
)
"""What the pickler in C takes apart itself, before it asks anybody."""

_InPython: Any = pickle._Pickler  # type: ignore[attr-defined,unused-ignore]  # noqa: SLF001 (the one that can be extended)


class PythonPickler(_InPython):  # type: ignore[misc]  # typeshed does not know it
    """Pickles what the one in C does, also two arrays that are empty or of one byte.

    `pickle` (Python 3.11 to 3.14, ``save_picklebuffer``) enters the bytes of an array in its memo
    and asserts that they are not there yet. Those of no byte, and of one, are the same object
    wherever they occur.
    """

    dispatch: ClassVar[dict[type, Any]] = dict(_InPython.dispatch)

    def _buffer(self, buffer: pickle.PickleBuffer) -> None:
        with buffer.raw() as content:
            self.save(content.tobytes() if content.readonly else bytearray(content))

    dispatch[pickle.PickleBuffer] = _buffer
