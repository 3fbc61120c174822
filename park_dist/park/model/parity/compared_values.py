"""Two results in the form in which they travel (`park.runtime.codec`), compared by what they mean.

Nothing is unpickled: a pickle whose bytes differ is compared by the text that came with it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from park.model.parity.compared_arrays import compare_arrays
from park.model.parity.compared_text import compare_line
from park.model.parity.comparison import Comparison
from park.runtime.codec import TAG

__all__ = ["compare_values"]

_ARRAYS = {"ndarray", "numpy-scalar"}


def compare_values(there: Any, here: Any, where: str, found: Comparison) -> None:
    """Compare two encoded values; what differs is told at its place below ``where``."""
    there, here = _plain(there), _plain(here)
    if type(there) is not type(here):
        found.differs(where, there, here)
    elif isinstance(there, float):
        found.numbers(where, there, here)
    elif isinstance(there, list):
        _compare_lists(there, here, where, found)
    elif isinstance(there, dict):
        _compare_mappings(there, here, where, found)
    elif there != here:
        found.differs(where, there, here)


def _plain(document: Any) -> Any:
    """Return the number of a node that stands for one which JSON does not have."""
    if isinstance(document, dict) and document.get(TAG) == "float":
        return float(document["value"])
    return document


def _compare_lists(there: list[Any], here: list[Any], where: str, found: Comparison) -> None:
    if len(there) != len(here):
        found.differs(where, f"{len(there)} items", f"{len(here)} items")
        return
    for index, pair in enumerate(zip(there, here, strict=True)):
        compare_values(*pair, f"{where}[{index}]", found)


def _compare_mappings(
    there: dict[str, Any], here: dict[str, Any], where: str, found: Comparison
) -> None:
    kind = there.get(TAG)
    if kind != here.get(TAG):
        found.differs(where, _called(there), _called(here))
    elif kind in _ARRAYS:
        compare_arrays(_bytes(there, "npy"), _bytes(here, "npy"), where, found)
    elif kind == "pickle":
        _compare_pickles(there, here, where, found)
    elif kind in {"set", "frozenset"}:
        if sorted(map(repr, there["items"])) != sorted(map(repr, here["items"])):
            found.differs(where, there["items"], here["items"])
    elif kind is not None and set(there) == set(here) == {TAG, "items"}:
        compare_values(there["items"], here["items"], where, found)
    else:
        _compare_keys(there, here, where, found)


def _compare_keys(
    there: dict[str, Any], here: dict[str, Any], where: str, found: Comparison
) -> None:
    for key in dict.fromkeys([*there, *here]):
        place = f"{where}.{key}" if TAG in there else f"{where}[{key!r}]"
        if key not in here or key not in there:
            missing = ["there" if key in mapping else "absent" for mapping in (there, here)]
            found.differs(place, *missing)
        else:
            compare_values(there[key], here[key], place, found)


def _compare_pickles(
    there: dict[str, Any], here: dict[str, Any], where: str, found: Comparison
) -> None:
    if there["base64"] == here["base64"]:
        return
    if there["type"] != here["type"]:
        found.differs(where, there["type"], here["type"])
        return
    found.remarks.append(f"{where} is a {there['type']}: compared as it is printed")
    before = found.beyond, found.within
    compare_line(str(there.get("repr")), str(here.get("repr")), where, found)
    if (found.beyond, found.within) == before:
        found.remarks.append(f"{where} is printed the same, and pickled otherwise")


def _bytes(node: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(node[name], validate=True)
    except (KeyError, TypeError, binascii.Error):
        return b""


def _called(document: dict[str, Any]) -> str:
    return str(document.get(TAG, "dict"))
