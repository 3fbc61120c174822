from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import PreconditionFailed
from park_repo.negotiation import (
    HTML,
    JSON,
    LEGACY_HTML,
    choose,
    matches_etag,
    precondition,
    require_met,
    takes_gzip,
)

PIP = f"{JSON}, {HTML}; q=0.1, {LEGACY_HTML}; q=0.01"
UV = f"{JSON}, {HTML};q=0.2, {LEGACY_HTML};q=0.01"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, LEGACY_HTML),
        ("", LEGACY_HTML),
        ("*/*", LEGACY_HTML),
        ("text/*", LEGACY_HTML),
        (PIP, JSON),
        (UV, JSON),
        (BROWSER, LEGACY_HTML),
        ("text/html", LEGACY_HTML),
        (f"{LEGACY_HTML}, {JSON}", JSON),
        (f"{JSON};q=0.5, {LEGACY_HTML};q=0.9", LEGACY_HTML),
        (f"{JSON};q=0, */*;q=0.1", LEGACY_HTML),
        (f"{LEGACY_HTML};q=0, {HTML};q=0, */*", JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        ("application/vnd.pypi.simple.latest+html", HTML),
        ("application/*", JSON),
        (JSON.upper(), JSON),
        ("application/vnd.pypi.simple.v2+json", None),
        ("image/png", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=high", None),
        (f"{JSON};q=nan", None),
        (",;,", None),
    ],
)
def test_accept_chooses(accept: str | None, expected: str | None) -> None:
    assert choose(accept) == expected


@given(st.text())
def test_any_header_is_answered(accept: str) -> None:
    assert choose(accept) in {JSON, HTML, LEGACY_HTML, None}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
    ],
)
def test_etags_are_compared_weakly(header: str | None, expected: bool) -> None:  # noqa: FBT001 (a table)
    assert matches_etag(header, '"a"') is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip, deflate", True),
        ("GZIP", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("gzip;q=0, *", False),
        ("gzip; q=0.000", False),
        ("gzip;q=often", False),
        ("identity;q=1, gzip;q=0.5", False),
        ("identity;q=0.5, gzip", True),
        ("identity", False),
        ("", False),
        (None, False),
    ],
)
def test_gzip_goes_to_who_takes_it(header: str | None, expected: bool) -> None:  # noqa: FBT001 (a table)
    assert takes_gzip(header) is expected


BEFORE, THEN, AFTER = (f"Fri, 27 Nov 2026 10:00:0{second} GMT" for second in range(3))


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({}, None),
        ({"if-match": '"a"'}, None),
        ({"if-match": '"b", "a"'}, None),
        ({"if-match": "*"}, None),
        ({"if-match": '"b"'}, 412),
        ({"if-match": 'W/"a"'}, 412),
        ({"if-match": '"a"', "if-none-match": '"a"'}, 304),
        ({"if-match": '"b"', "if-none-match": '"a"'}, 412),
        ({"if-none-match": '"b"', "if-modified-since": AFTER}, None),
        ({"if-modified-since": THEN}, 304),
        ({"if-modified-since": BEFORE}, None),
        ({"if-modified-since": "yesterday"}, None),
        ({"if-unmodified-since": THEN}, None),
        ({"if-unmodified-since": BEFORE}, 412),
        ({"if-unmodified-since": "yesterday"}, None),
        ({"if-match": '"a"', "if-unmodified-since": BEFORE}, None),
    ],
)
def test_conditions_are_tried_in_the_order_of_the_standard(
    conditions: dict[str, str], status: int | None
) -> None:
    """RFC 9110, section 13.2.2."""
    assert precondition(conditions, '"a"', THEN) == status


def test_a_page_has_no_date_to_compare() -> None:
    assert precondition({"if-modified-since": AFTER, "if-unmodified-since": BEFORE}, '"a"') is None


def test_a_condition_that_does_not_hold_is_told() -> None:
    require_met(None)
    with pytest.raises(PreconditionFailed, match="If-Match"):
        require_met(precondition({"if-match": '"b"'}, '"a"'))
