"""One graph of a workflow from those that several services have of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from park.model.states import NodeKind
from park.wire import GraphNode, GraphRecord

__all__ = ["joined", "merged"]


def joined(records: Mapping[str, GraphRecord]) -> GraphRecord:
    """Return one graph of those that services, by their URL, have of one workflow.

    The first service is the one that was asked. A piece of another bears its URL, and a
    remote piece whose own service told of it is that piece.
    """
    home = next(iter(records), "")
    nodes: dict[str, GraphNode] = {}
    for service, record in records.items():
        for node in record.nodes:
            known = nodes.get(node.id)
            if known is None or known.kind is NodeKind.REMOTE:
                far = node.kind is not NodeKind.REMOTE and service != home
                nodes[node.id] = replace(node, service=service) if far else node
    return GraphRecord(
        nodes=list(nodes.values()),
        edges=list(dict.fromkeys(edge for record in records.values() for edge in record.edges)),
        complete=all(record.complete for record in records.values()),
    )


def merged(one: GraphRecord | None, other: GraphRecord) -> GraphRecord:
    """Return the graph of both answers of one service."""
    if one is None:
        return other
    known = {node.id for node in one.nodes}
    return GraphRecord(
        nodes=[*one.nodes, *(node for node in other.nodes if node.id not in known)],
        edges=list(dict.fromkeys([*one.edges, *other.edges])),
        complete=one.complete and other.complete,
    )
