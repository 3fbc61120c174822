"""What a job is called where nobody says it."""

from __future__ import annotations

import base64
import datetime as dt
import math
import struct
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import UsageError
from park.model.call_label import MOST_CHARACTERS, call_label, checked_label
from park.model.ids import new_id
from park.model.references import Reference, What
from park.runtime.codec import FileValue, Node, ServiceFile, encode_call

SET = "0" * 64


def label(*args: Any, **kwargs: Any) -> str:
    return call_label("mymodel.fits:fit", encode_call(args, kwargs, set_hash=SET))


def npy(descr: str, shape: str, data: bytes = b"") -> Node:
    """Return an array as `numpy.save` writes it: version 1.0, its header padded to 64 bytes."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}"
    header = f"{text:<117}\n".encode()
    file = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data
    return Node(document={"$park": "ndarray", "npy": base64.b64encode(file).decode()})


def test_a_call_reads_as_people_write_it() -> None:
    file = FileValue(sha256="a" * 64, name="film.txt")
    assert label(file, seed=3) == "fit(film.txt, seed=3)"
    assert label() == "fit()"


def test_a_method_has_its_class() -> None:
    assert call_label("mymodel:Film.fit", {}) == "Film.fit()"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("dream", "'dream'"),
        (0.1, "0.1"),
        (math.nan, "nan"),
        ("nan", "'nan'"),
        (-math.inf, "-inf"),
        (None, "None"),
        (True, "True"),
        ([1, 2], "[1, 2]"),
        ([1, 2, 3, 4], "[1, 2, 3, …]"),
        ((1,), "(1,)"),
        ({"n": 1}, "{'n': 1}"),
        ({1: 2}, "{1: 2}"),
        ({"seed"}, "{'seed'}"),
        ([[[[1]]]], "[[[…]]]"),
        (1 << 70, "0x400000000000000000"),
        (dt.date(2026, 11, 27), "2026-11-27"),
        (PurePosixPath("/snsdata/run.zip"), "/snsdata/run.zip"),
        (ServiceFile(path="~/run.zip"), "~/run.zip"),
        (npy("<f8", "408, 2"), "array 408x2"),
        (npy("<f8", "3,"), "array 3"),
        (npy("<f8", "", struct.pack("<d", 0.25)), "0.25"),
        (npy("<i4", "", struct.pack("<i", -4)), "-4"),
        (npy("|b1", "", b"\1"), "True"),
        (npy("<c16", "", bytes(16)), "scalar"),
        (Decimal("1.5"), "Decimal"),
        ("a long text that no line has room for", "'a long text that no l…'"),
    ],
)
def test_a_value_is_shown_short(value: object, shown: str) -> None:
    assert label(value) == f"fit({shown})"


def test_a_reference_says_of_which_job_it_is() -> None:
    job = new_id()
    value = Reference(job=job, what=What.VALUE).item("chisq")
    file = Reference(job=job, what=What.FILE, name="fit.json")
    assert label(Node(document=value.as_json())) == f"fit(…{job[-6:]}.output['chisq'])"
    assert label(Node(document=file.as_json())) == "fit(fit.json)"


def test_it_is_cut_where_a_line_ends() -> None:
    text = label(*range(100))
    assert text.startswith("fit(0, 1, 2, ")
    assert text.endswith("…)")
    assert len(text) == 80


@pytest.mark.parametrize("npy", ["", "%%%", "k05VTVBZ", "A" * 600])
def test_a_damaged_array_is_one_still(npy: str) -> None:
    assert call_label("m:f", {"args": [{"$park": "ndarray", "npy": npy}]}) == "f(array)"


@given(st.text(max_size=30))
def test_it_is_text_that_utf8_can_have(text: str) -> None:
    call_label("m:f", {"args": [text], "kwargs": {text: 1}}).encode()


def test_a_label_that_somebody_gives_is_kept() -> None:
    assert checked_label("film, third try") == "film, third try"


@pytest.mark.parametrize("text", ["", "two\nlines", "\x1b[31m", "x" * (MOST_CHARACTERS + 1), 3])
def test_a_label_that_no_line_can_show_is_refused(text: object) -> None:
    with pytest.raises(UsageError, match="line of text, of 1 to 200"):
        checked_label(text)
