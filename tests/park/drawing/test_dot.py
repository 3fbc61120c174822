"""Workflows as DOT, which Graphviz and its like read."""

from __future__ import annotations

from support.labs.workflows import story

from park.client.workflows.joining import joined
from park.client.workflows.layers import Workflow
from park.drawing.dot import dot


def test_dot_has_pieces_and_edges() -> None:
    text = dot(Workflow(joined(story())))
    assert text.count(" -> ") == 8
    assert '"03-fetch" -> "05-define" [style=solid, label="file"];' in text
    assert '"02-install" -> "04-prefit" [style=dashed];' in text
