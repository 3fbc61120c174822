"""The picture of a workflow on a terminal: what stays where not all of it fits."""

from __future__ import annotations

import io
from datetime import datetime

from rich.console import Console
from support.labs.workflows import NOW, node, story

from park.client.workflows.joining import joined
from park.client.workflows.updates import State
from park.drawing.live import live, picture
from park.drawing.tree import UNICODE
from park.wire import GraphRecord

AT = datetime.fromisoformat(NOW)


def shown(state: State, height: int = 40) -> list[str]:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    with console.capture() as captured:
        console.print(picture(state, AT, glyphs=UNICODE, width=100, height=height))
    return captured.get().splitlines()


def many(**counts: int) -> State:
    pieces = [
        node(f"{status}-{number}", status, label=f"m:{status}_{number}", submitted=NOW)
        for status, count in counts.items()
        for number in range(count)
    ]
    return State(record=GraphRecord(nodes=pieces, edges=[]))


def test_below_the_pieces_they_are_counted_the_most_urgent_first() -> None:
    assert shown(State(record=joined(story())))[-1] == "1 running, 1 waiting, 4 completed"


def test_a_service_that_does_not_answer_is_told_beside_the_count() -> None:
    state = State(record=joined(story()), silence="it is\ndown")
    assert shown(state)[-1].endswith("4 completed   it is down")


def test_where_it_does_not_fit_the_most_urgent_stay_and_the_others_are_counted() -> None:
    state = many(completed=2, failed=1, running=1, waiting=2)
    lines = shown(state, height=8)
    assert len(lines) <= 8
    assert any("m:running_0" in line for line in lines)
    assert any("m:failed_0" in line for line in lines)
    assert not any("completed_" in line for line in lines)
    assert any("more lines" in line for line in lines)
    assert "1 running, 1 failed, 2 waiting, 2 completed" in lines[-1]


def test_the_last_picture_is_whole_and_its_graph_is_returned() -> None:
    console = Console(file=io.StringIO(), width=100, height=8, color_system=None)
    last = many(completed=30)
    assert live(iter([many(running=30), last]), console) is last.record
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "30 completed" in text
    assert "more lines" not in text
