"""A workflow as lines of text."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.labs.workflows import NOW, edge, node, story

from park.client.workflows.joining import joined
from park.client.workflows.layers import Workflow
from park.drawing.tree import (
    ASCII,
    UNICODE,
    aligned,
    elapsed,
    extent,
    label_of,
    one_line,
    short_label,
    shortened,
    tree,
)
from park.wire import GraphRecord

AT = datetime.fromisoformat(NOW)

STORY = """\
✓ reflectometry.reduction:SnsReduce  …reduce  completed  12.0 s  on sns.example.org
└─ ✓ fetch run.refl                  …-fetch  completed  12.0 s
✓ install mymodel 1.0+t12345678      …nstall  ready      12.0 s
└─ ✓ mymodel:prefit_simulation       …prefit  completed  12.0 s
   └─ ● mymodel:define_fit           …define  running    10.0 s  ━━━╌╌╌╌╌╌╌ 30%  \
chisq 1.5  also needs …-fetch (file)
      └─ ◌ park.fitting:fit          06-fit   waiting            \
waits for job …define completed  also needs …prefit (completed), …-fetch (completed)
"""


def lines(record: GraphRecord, **more: object) -> list[str]:
    return [str(each) for each in aligned(tree(Workflow(record), AT, **more))]  # type: ignore[arg-type]


def test_the_story_reads_from_top_to_bottom() -> None:
    assert "\n".join(lines(joined(story()))) + "\n" == STORY


def test_ascii_will_do() -> None:
    text = "\n".join(lines(joined(story()), glyphs=ASCII))
    assert text.isascii()
    assert "`- * mymodel:define_fit" in text


def test_pieces_that_are_alike_are_counted() -> None:
    names = [f"s{index:02}" for index in range(20)]
    states = ["completed"] * 15 + ["running"] * 5
    nodes = [node(each, state, label="m:f") for each, state in zip(names, states, strict=True)]
    record = GraphRecord(nodes=[node("a"), *nodes], edges=[edge(name, "a") for name in names])
    assert [line.split()[1:4] for line in lines(record)][1] == ["✓", "15", "×"]  # noqa: RUF001
    assert len(lines(record)) == 1 + 1 + 5
    assert len(lines(record, fold=None)) == 21


def test_what_one_piece_gathers_is_counted_but_for_where_it_hangs() -> None:
    names = [f"s{index:02}" for index in range(20)]
    nodes = [node(name, label="m:f") for name in names]
    record = GraphRecord(nodes=[*nodes, node("z")], edges=[edge("z", name) for name in names])
    alike, last, gathering = lines(record)
    assert alike.split()[:4] == ["◌", "19", "×", "m:f"]  # noqa: RUF001
    assert last.split()[:3] == ["◌", "m:f", "s19"]
    assert gathering.endswith("also needs s00 (value), s01 (value), s02 (value), and 16 more")
    assert len(lines(record, fold=None)) == 21
    assert lines(record, fold=None)[-1].endswith(", s18 (value)")


def test_what_something_hangs_from_is_never_counted_away() -> None:
    names = [f"s{index:02}" for index in range(20)]
    nodes = [node(name, label="m:f") for name in names]
    below = [node(f"{name}-then", label="m:g") for name in names]
    edges = [edge(f"{name}-then", name) for name in names]
    assert len(lines(GraphRecord(nodes=[*nodes, *below], edges=edges))) == 40


def test_a_failure_says_why_and_a_success_does_not() -> None:
    nodes = [node("a", "failed", why="ZeroDivisionError: no"), node("b", "completed", why="once")]
    failed, completed = lines(GraphRecord(nodes=nodes, edges=[]))
    assert failed.endswith("failed     ZeroDivisionError: no")
    assert completed.endswith("completed")


def test_deep_trees_stay_on_the_page() -> None:
    names = [f"{index:03}" for index in range(60)]
    edges = [edge(job, needed) for needed, job in pairwise(names)]
    found = lines(GraphRecord(nodes=[node(name) for name in names], edges=edges))
    assert "(59) ◌ mymodel:059" in found[-1]
    assert max(map(len, found)) < 140


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 1 s"), (3_725, "1 h 2 min")],
)
def test_times_are_told_as_people_tell_them(seconds: float, said: str) -> None:
    started = datetime.fromtimestamp(AT.timestamp() - seconds, AT.tzinfo).isoformat()
    assert elapsed(node("a", "running", started=started), AT) == said
    assert elapsed(node("a"), AT) == ""


@pytest.mark.parametrize(
    ("report", "part"),
    [
        (None, None),
        ({"done": None, "total": 3}, None),
        ({"done": 1, "total": 0}, None),
        ({"done": 1, "total": 4}, 0.25),
        ({"done": 9, "total": 4}, 1.0),
        ({"done": -1, "total": 4}, 0.0),
    ],
)
def test_progress_is_shown_where_it_is_told(
    report: dict[str, float] | None, part: float | None
) -> None:
    assert extent(node("a", "running", progress=report)) == part


def test_what_a_job_says_cannot_move_the_cursor() -> None:
    assert one_line("red\x1b[31m\nnext\ttab") == "red [31m next tab"


def test_names_are_cut_where_they_tell_least() -> None:
    assert shortened("abcdefghij", 7) == "abc…hij"
    assert shortened("abc", 7) == "abc"
    long = node("a", label="package.module.deep:function")
    assert short_label(long, 15) == "package…unction"
    assert short_label(node("a", kind="fetch", label="x" * 30), 10) == "fetch…xxxx"


def test_kinds_are_named_once() -> None:
    assert label_of(node("a", kind="install", label="install mymodel")) == "install mymodel"
    assert label_of(node("a", kind="fetch", label="run.refl")) == "fetch run.refl"
    assert label_of(node("a", kind="remote", label="")) == "remote a"
    assert UNICODE.of("ready") == UNICODE.of("completed")
    assert UNICODE.of("never heard of") == UNICODE.states[None]


AMOUNTS = st.integers() | st.floats(allow_nan=False) | st.sampled_from([10**400, -(10**400), 1e308])


@given(AMOUNTS, AMOUNTS)
def test_how_much_is_done_is_a_part_whatever_a_job_reports(done: float, total: float) -> None:
    part = extent(node("a", "running", progress={"done": done, "total": total}))
    assert (part is None) == (total <= 0)
    if part is not None:
        assert 0.0 <= part <= 1.0
        assert (part == 1.0) >= (done >= total)
