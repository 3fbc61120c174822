"""The frame of all cards."""

from __future__ import annotations

from park.cards.frame import aside, framed, head_of, table
from park.model.states import JobState

HOSTILE = "<script>alert(1)</script>"


def test_nothing_that_others_wrote_is_drawn() -> None:
    html = framed(
        head_of(JobState.FAILED, HOSTILE),
        table([(HOSTILE, "a & b")], head=(HOSTILE, "")),
        aside(HOSTILE),
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 4
    assert "a &amp; b" in html


def test_a_table_without_a_head_names_things_in_its_first_column() -> None:
    assert "opacity" in table([("version", "1.0")])
    assert "<thead>" not in table([("version", "1.0")])
    assert "opacity" not in table([("fit", "1.0")], head=("project", "version"))


def test_a_wide_table_scrolls_in_its_card() -> None:
    assert "overflow-x:auto" in framed("", table([("a" * 500, "b")]))
