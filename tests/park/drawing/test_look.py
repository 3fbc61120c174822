"""How states look: colours that can be read, and what a terminal can show."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from support.labs.workflows import NOW, node

from park.client.workflows.layers import Workflow
from park.drawing.look import glyphs_for, look_of, styled
from park.drawing.tree import ASCII, UNICODE, Glyphs, tree
from park.wire import GraphRecord


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    "state", ["waiting", "queued", "running", "completed", "failed", "cancelled", "other"]
)
def test_every_state_can_be_read_in_light_and_dark(state: str) -> None:
    look = look_of(state)
    for strong, pale in ((look.strong, look.pale), look.dark):
        low, high = sorted((luminance(strong), luminance(pale)))
        assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("encoding", "glyphs"),
    [("utf-8", UNICODE), ("ascii", ASCII), ("latin-1", ASCII), ("no-such", ASCII), (None, ASCII)],
)
def test_the_signs_are_those_that_the_stream_can_take(encoding: str | None, glyphs: Glyphs) -> None:
    stream: Any = SimpleNamespace(encoding=encoding)
    assert glyphs_for(stream) is glyphs


def test_states_of_installs_look_like_those_of_jobs() -> None:
    assert look_of("ready") == look_of("completed")
    assert look_of("realising") == look_of("running")
    assert look_of("never heard of").style == ""


def lines(width: int, *, whole: bool = False, why: str = "") -> list[str]:
    record = GraphRecord(nodes=[node("a", "failed", why=why)], edges=[])
    rows = tree(Workflow(record), datetime.fromisoformat(NOW))
    return [str(each) for each in styled(rows, width=width, glyphs=UNICODE, whole=whole)]


def test_what_is_said_of_a_piece_stands_beside_it_where_it_fits() -> None:
    (line,) = lines(100, why="too thin")
    assert line.endswith("too thin")


def test_else_it_stands_below_on_one_line_or_whole_on_several() -> None:
    why = "a reason of many words " * 5
    one = lines(60, why=why)
    assert len(one) == 2
    assert "…" in one[1]
    whole = lines(60, why=why, whole=True)
    assert " ".join(" ".join(whole[1:]).split()) == why.strip()
    assert max(map(len, (*one, *whole))) <= 60
