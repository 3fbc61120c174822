"""Values are compared as plain data; what only a job can read is said to be so."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from park_server.jobs.conditions.comparison import Incomparable, compare, reported, selected


def numpy_scalar(descr: str, code: str, value: float, shape: str = "()") -> dict[str, Any]:
    """Return the node of a number, as a .npy file of format 1.0 has it."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    npy = base64.b64encode(data + struct.pack(code, value)).decode()
    return {"$park": "numpy-scalar", "npy": npy}


@pytest.mark.parametrize(
    ("document", "path", "value"),
    [
        (1.5, [], 1.5),
        ({"fit": {"chisq": 1.5}}, [("item", "fit"), ("item", "chisq")], 1.5),
        ([1, 2, 3], [("item", -1)], 3),
        ({"$park": "tuple", "items": [1, 2]}, [("item", 1)], 2),
        ({"$park": "tuple", "items": [1, 2]}, [], [1, 2]),
        ({"$park": "dict", "items": [[1, "one"]]}, [("item", 1)], "one"),
        ({"$park": "int", "hex": "ff"}, [], 255),
        ({"$park": "float", "value": "inf"}, [], float("inf")),
        (numpy_scalar("<f8", "<d", 2.5), [], 2.5),
        (numpy_scalar(">i4", ">i", 7), [], 7),
    ],
)
def test_plain_data_is_read(document: Any, path: list[Any], value: Any) -> None:
    assert selected(document, path) == value


@pytest.mark.parametrize(
    ("document", "path", "line"),
    [
        ({"a": 1}, [("item", "b")], "it has no item 'b'"),
        ([1], [("item", "a")], "it has no item 'a'"),
        (1, [("item", 0)], "it has no item 0"),
        ({"a": 1}, [("attribute", "real")], "an attribute (real) is read in jobs only"),
        ({"$park": "pickle", "type": "Fit"}, [], "it is a Fit, which only jobs can read"),
        ({"$park": "numpy", "npy": ""}, [], "it is no plain data but numpy"),
        ({"$park": "int", "hex": "no"}, [], "it is damaged"),
        (numpy_scalar("<c8", "<f", 1.0), [], "it is a numpy scalar of type <c8"),
    ],
)
def test_what_cannot_be_read_is_told(document: Any, path: list[Any], line: str) -> None:
    with pytest.raises(Incomparable) as caught:
        selected(document, path)
    assert str(caught.value) == line


def test_a_report_has_its_named_values_beside_done_and_total() -> None:
    report = {"done": 3, "total": 10, "values": {"chisq": 1.5}}
    assert reported(report, [("item", "chisq")]) == 1.5
    assert reported(report, [("item", "done")]) == 3


def test_values_are_compared_as_python_does() -> None:
    assert compare(1, "<", 2.5)
    assert not compare("b", "<", "a")
    with pytest.raises(Incomparable, match="not supported"):
        compare("a", "<", 1)
