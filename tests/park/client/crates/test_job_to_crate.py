"""Which jobs of a workflow are exported, and in which order."""

from __future__ import annotations

from park.client.crates.job_to_crate import needed_first
from park.model.states import NodeKind
from park.wire import GraphEdge, GraphNode, GraphRecord


def graph(*edges: tuple[str, str]) -> GraphRecord:
    names = sorted({name for edge in edges for name in edge})
    nodes = [
        GraphNode(id=name, kind=NodeKind.CALL, label=name, status="completed") for name in names
    ]
    made = [GraphEdge(job=job, needed=needed, how="value") for job, needed in edges]
    return GraphRecord(nodes=nodes, edges=made)


def test_what_is_needed_comes_first_and_once() -> None:
    diamond = graph(("d", "b"), ("d", "c"), ("b", "a"), ("c", "a"))
    assert needed_first(diamond, "d") == ["a", "b", "c", "d"]


def test_what_came_after_it_and_beside_it_is_left_out() -> None:
    assert needed_first(graph(("b", "a"), ("c", "b"), ("c", "x")), "b") == ["a", "b"]


def test_a_long_chain_has_no_end_in_the_stack() -> None:
    chain = graph(*((f"{n + 1:06}", f"{n:06}") for n in range(20_000)))
    assert needed_first(chain, f"{20_000:06}")[0] == "000000"
