"""A workflow in the language of Graphviz, for whoever has it."""

from __future__ import annotations

from collections.abc import Iterator

from park.client.workflows.layers import Workflow
from park.drawing.look import look_of
from park.drawing.tree import UNICODE, label_of, one_line, short_label
from park.model.conditions import Phase, brief
from park.model.urls import host_of
from park.wire import GraphEdge, GraphNode

__all__ = ["dot"]

_WIDEST = 40


def dot(workflow: Workflow) -> str:
    """Return the workflow as a DOT digraph, from left to right."""
    return "\n".join(_lines(workflow)) + "\n"


def _lines(workflow: Workflow) -> Iterator[str]:
    yield "digraph park {"
    yield "  rankdir=LR;"
    yield '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11];'
    yield '  edge [color="#5d6675", fontname="Helvetica", fontsize=9];'
    for node in workflow.nodes.values():
        yield f"  {_quoted(node.id)} [{_attributes(node)}];"
    for edge in workflow.edges:
        yield f"  {_quoted(edge.needed)} -> {_quoted(edge.job)} [{_edge_attributes(edge)}];"
    yield "}"


def _attributes(node: GraphNode) -> str:
    look = look_of(node.status)
    words = [f"{UNICODE.of(node.status)} {short_label(node, _WIDEST)}"]
    words.append(f"{node.status} {brief(node.id)}")
    if node.service is not None:
        words.append(f"on {host_of(node.service)}")
    label = "\\n".join(map(_escaped, words))
    far = ', style="rounded,filled,dashed"' if node.service is not None else ""
    tip = _quoted(one_line(node.why or label_of(node)))
    return (
        f'label="{label}", tooltip={tip}, '
        f'color="{look.strong}", fontcolor="{look.strong}", fillcolor="{look.pale}"{far}'
    )


def _edge_attributes(edge: GraphEdge) -> str:
    style = "dashed" if edge.how in set(Phase) else "solid"
    label = "" if edge.how == Phase.COMPLETED else f", label={_quoted(edge.how)}"
    return f"style={style}{label}"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    r"""Escape what ends a text, and each backslash: Graphviz reads ``\l`` and ``\N`` in labels."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
