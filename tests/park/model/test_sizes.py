"""`park.model.sizes`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.model.sizes import parse_size, shown_size


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("1k", 1024), ("2G", 2 << 30), ("1.5 MiB", 3 << 19), ("4TB", 4 << 40)],
)
def test_sizes_are_read(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "G", "-1", "1X", "1 2", "1e3"])
def test_other_text_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5 << 40, "5.0 TiB"),
        (5 << 52, "20480.0 TiB"),
    ],
)
def test_sizes_are_shown(count: int, text: str) -> None:
    assert shown_size(count) == text


@given(st.integers(0, 1 << 50))
def test_what_is_shown_can_be_read(count: int) -> None:
    assert abs(parse_size(shown_size(count)) - count) <= max(count * 0.05, 0)
