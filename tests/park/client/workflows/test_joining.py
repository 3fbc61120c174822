"""One graph of those that several services have."""

from __future__ import annotations

from support.labs.workflows import FIRST, SECOND, story

from park.client.workflows.joining import joined
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
