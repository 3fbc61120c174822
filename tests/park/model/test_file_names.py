"""Names of files that are bytes."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given, strategies

from park.model.file_names import from_url, in_url, readable


@given(strategies.binary(min_size=1))
def test_any_bytes_come_back_from_a_url_and_from_json(name: bytes) -> None:
    text = os.fsdecode(name)
    assert in_url(text, safe="").isascii()
    assert os.fsencode(from_url(in_url(text))) == name
    assert os.fsencode(json.loads(json.dumps(text))) == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Mässung.dat", "Mässung.dat"),
        ("M\udce4ssung.dat", r"M\xe4ssung.dat"),
        ("half \ud800 of one", r"half \ud800 of one"),
    ],
)
def test_all_can_be_shown(text: str, shown: str) -> None:
    assert readable(text) == shown
    readable(text).encode()
