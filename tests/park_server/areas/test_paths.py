"""`park_server.areas.paths`: what a name of a file means, and to whom."""

from __future__ import annotations

import pytest

from park.errors import NotPermitted, UnknownItem, UsageError
from park_server.areas.paths import Place, parse_place

ROOTS = {"snsdata", "archive"}


def place(text: str, user: str = "ada") -> Place:
    return parse_place(text, user=user, roots=ROOTS)


@pytest.mark.parametrize(
    ("text", "everybodys"),
    [
        ("~", "~ada"),
        ("~/data/run.zip", "~ada/data/run.zip"),
        ("~ada/data//run.zip/", "~ada/data/run.zip"),
        ("~bob/shared/run.zip", "~bob/shared/run.zip"),
        ("/snsdata/2026/run.nxs", "/snsdata/2026/run.nxs"),
    ],
)
def test_a_place_has_one_name_for_everybody(text: str, everybodys: str) -> None:
    assert str(place(text)) == everybodys
    assert str(place(everybodys)) == everybodys


def test_ones_own_area_alone_is_written_to() -> None:
    assert place("~/data/run.zip").writable
    assert not place("~bob/shared/run.zip").writable
    assert not place("/snsdata/2026/run.nxs").writable


def test_of_others_only_what_they_share_is_read() -> None:
    assert place("~bob/shared").parts == ("shared",)
    for text in ("~bob", "~bob/data/x", "~bob/sharedx/y"):
        with pytest.raises(NotPermitted, match="only ~bob/shared"):
            place(text)


def test_a_root_that_is_not_declared_is_not_shown() -> None:
    with pytest.raises(UnknownItem, match="no /etc; it shows: /archive, /snsdata"):
        place("/etc/passwd")
    with pytest.raises(UnknownItem, match="it shows: none"):
        parse_place("/etc/passwd", user="ada", roots=())


def test_the_top_of_an_area_is_no_file() -> None:
    assert place("~/a/b").parent == ("a",)
    assert place("~/a/b").name == "b"
    for text in ("~", "/snsdata"):
        with pytest.raises(UsageError, match="is the top of an area"):
            assert place(text).name
