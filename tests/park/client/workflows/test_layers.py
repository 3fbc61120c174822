"""A workflow in layers and as a tree, and one graph of what several services tell."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from support.labs.workflows import edge, node

from park.client.workflows.layers import Workflow
from park.wire import GraphRecord

DIAMOND = GraphRecord(
    nodes=[node("a"), node("b"), node("c"), node("d")],
    edges=[edge("b", "a"), edge("c", "a"), edge("d", "b"), edge("d", "c")],
)


def graphs() -> st.SearchStrategy[GraphRecord]:
    """Return acyclic graphs: each piece may need any that came before it."""

    def made(size: int, seed: int) -> GraphRecord:
        chance = random.Random(seed)  # noqa: S311 (drawings)
        names = [f"{index:03}" for index in range(size)]
        edges = [
            edge(job, needed)
            for place, job in enumerate(names)
            for needed in chance.sample(names[:place], min(place, chance.randrange(4)))
        ]
        nodes = [node(name, chance.choice(["completed", "waiting"]), label="m:f") for name in names]
        return GraphRecord(nodes=nodes, edges=edges)

    return st.builds(made, st.integers(0, 40), st.integers(0, 10_000))


def test_what_pieces_are_drawn_with_is_one_line_that_no_terminal_obeys() -> None:
    found = Workflow(
        GraphRecord(
            nodes=[node("a\x1b[2J"), replace(node("b", "on\nfire"), service="http://x\u202e")],
            edges=[replace(edge("b", "a\x1b[2J"), how="val\x9bue")],
        )
    )
    (first, second), (only,) = found.nodes.values(), found.edges
    assert (first.id, second.status) == (r"a\x1b[2J", r"on\nfire")
    assert (second.service, only.needed, only.how) == (
        r"http://x\u202e", r"a\x1b[2J", r"val\x9bue",
    )  # fmt: skip


def test_a_layer_is_below_all_that_it_needs() -> None:
    assert Workflow(DIAMOND).layers == {"a": 0, "b": 1, "c": 1, "d": 2}


def test_the_pieces_of_a_diamond_are_each_there_once() -> None:
    found = [(each.node.id, len(each.last), each.also) for each in Workflow(DIAMOND).branches()]
    assert found == [("a", 0, ()), ("b", 1, ()), ("c", 1, ()), ("d", 2, (edge("d", "b"),))]


@given(graphs())
def test_every_piece_is_there_once_and_none_of_its_needs_is_lost(record: GraphRecord) -> None:
    workflow = Workflow(record)
    branches = list(workflow.branches())
    assert sorted(each.node.id for each in branches) == sorted(workflow.nodes)
    for each in branches:
        needs = len(workflow.needs[each.node.id])
        hangs = 1 if each.last else 0
        assert len(each.also) == needs - hangs
    assert all(workflow.layers[each.needed] < workflow.layers[each.job] for each in workflow.edges)


def test_an_edge_to_what_is_not_there_is_left_out() -> None:
    workflow = Workflow(GraphRecord(nodes=[node("b")], edges=[edge("b", "gone"), edge("b", "b")]))
    assert workflow.edges == ()
    assert workflow.layers == {"b": 0}


def test_a_circle_which_no_service_makes_does_not_hang() -> None:
    edges = [edge("b", "a"), edge("c", "b"), edge("b", "c")]
    workflow = Workflow(GraphRecord(nodes=[node("a"), node("b"), node("c")], edges=edges))
    assert workflow.layers == {"a": 0, "b": 1, "c": 1}
    assert {each.node.id for each in workflow.branches()} == {"a", "b", "c"}


def test_a_chain_of_thousands_is_no_matter_of_recursion() -> None:
    names = [f"{index:05}" for index in range(5_000)]
    edges = [edge(job, needed) for needed, job in pairwise(names)]
    record = GraphRecord(nodes=[node(name) for name in names], edges=edges)
    assert len(list(Workflow(record).branches())) == 5_000
