"""Workflows as DOT, which Graphviz and its like read."""

from __future__ import annotations

from support.labs.workflows import FIRST, node, story

from park.client.workflows.joining import joined
from park.client.workflows.layers import Workflow
from park.drawing.dot import dot
from park.wire import GraphNode, GraphRecord


def test_dot_has_pieces_and_edges() -> None:
    text = dot(Workflow(joined(story())))
    assert text.count(" -> ") == 8
    assert '"03-fetch" -> "05-define" [style=solid, label="file"];' in text
    assert '"02-install" -> "04-prefit" [style=dashed];' in text


def drawn(*pieces: GraphNode) -> str:
    return dot(Workflow(GraphRecord(nodes=list(pieces), edges=[])))


def test_a_piece_of_another_service_has_its_name_and_a_dashed_frame() -> None:
    far = drawn(node("a", service=FIRST))
    assert "on sns.example.org" in far
    assert 'style="rounded,filled,dashed"' in far
    assert far.count("dashed") == drawn(node("a")).count("dashed") + 1


def test_what_ends_a_text_and_what_graphviz_reads_in_one_is_escaped() -> None:
    text = drawn(node('a"b\\N', label='say "x\\l"'))
    assert r'"a\"b\\N" [' in text
    assert r"say \"x\\l\"" in text


def test_a_tip_says_why_in_one_line() -> None:
    assert 'tooltip="too thin by far"' in drawn(node("a", "failed", why="too thin\n by far"))
