"""One graph of those that several services have."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.labs.workflows import FIRST, SECOND, edge, node, story

from park.client.workflows.joining import joined, merged
from park.wire import GraphEdge, GraphRecord


def test_a_remote_piece_becomes_what_its_service_says() -> None:
    nodes = {each.id: each for each in joined(story()).nodes}
    assert nodes["01-reduce"].status == "completed"
    assert nodes["01-reduce"].service == FIRST
    assert nodes["06-fit"].service is None
    assert len(nodes) == len(story()[SECOND].nodes)


def test_joining_is_cut_short_where_a_part_is() -> None:
    parts = story()
    parts[FIRST] = GraphRecord(nodes=[], edges=[], complete=False)
    assert not joined(parts).complete
    assert GraphEdge(job="03-fetch", needed="01-reduce", how="url") in joined(parts).edges


names = st.sampled_from("abcde")
pieces = st.builds(
    node,
    names,
    st.sampled_from(["waiting", "running", "completed"]),
    kind=st.sampled_from(["call", "install"]),
)
edges = st.builds(edge, names, names)
graphs = st.builds(
    GraphRecord,
    nodes=st.lists(pieces, max_size=5, unique_by=lambda each: each.id),
    edges=st.lists(edges, max_size=5, unique=True),
    complete=st.booleans(),
)


def ids(record: GraphRecord) -> set[str]:
    return {each.id for each in record.nodes}


@given(graphs)
def test_a_graph_joined_alone_or_with_itself_is_the_same(graph: GraphRecord) -> None:
    assert joined({SECOND: graph}) == graph
    assert merged(None, graph) == merged(graph, graph) == graph


@given(graphs, graphs)
def test_nothing_is_lost_and_nothing_is_twice(one: GraphRecord, other: GraphRecord) -> None:
    for both in (merged(one, other), joined({FIRST: one, SECOND: other})):
        assert len(both.nodes) == len(ids(both))
        assert ids(both) == ids(one) | ids(other)
        assert len(both.edges) == len(set(both.edges))
        assert set(both.edges) == {*one.edges, *other.edges}
        assert both.complete == (one.complete and other.complete)


@given(graphs, graphs)
def test_only_what_is_not_on_the_service_that_was_asked_bears_a_service(
    home: GraphRecord, far: GraphRecord
) -> None:
    both = joined({SECOND: home, FIRST: far})
    bearing = {each.id for each in both.nodes if each.service == FIRST}
    assert bearing == ids(far) - ids(home)


def test_of_no_service_there_is_an_empty_graph() -> None:
    assert joined({}) == GraphRecord(nodes=[], edges=[])
