"""Equal siblings of a workflow folded into one node: jobs of one function with equal neighbours.

Two jobs are equal where they call the same function and what they need, and what needs them, is
equal in turn (the coarsest equitable partition of the graph, by refinement from the functions). So
a sweep is one node, and a sweep of chains is one chain.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from graphlib import TopologicalSorter

from park.model.states import NodeKind
from park.wire import GraphEdge, GraphNode
from park_server.page.seen_records import WorkflowEdge, WorkflowNode

__all__ = ["folded"]

FEWEST = 4
"""Siblings that are folded; fewer are told apart at a glance."""

_FOLDED = frozenset({NodeKind.CALL, NodeKind.FETCH})


def folded(
    nodes: Sequence[GraphNode],
    edges: Sequence[GraphEdge],
    *,
    unfolded: Collection[str] = (),
    conditions: Mapping[str, str] | None = None,
) -> tuple[list[WorkflowNode], list[WorkflowEdge]]:
    """Return the nodes and edges of the picture; those of the keys ``unfolded`` stay apart.

    ``conditions`` say, by job, under which one it starts, where that is more than what it needs.
    """
    classes = _classes(nodes, edges)
    members: dict[int, list[GraphNode]] = defaultdict(list)
    for node in nodes:
        members[classes[node.id]].append(node)
    shown: list[WorkflowNode] = []
    key_of: dict[str, str] = {}
    for group in members.values():
        first, key = group[0], f"group {group[0].id}"
        if len(group) < FEWEST or first.kind not in _FOLDED or key in unfolded:
            shown.extend(_single(node, (conditions or {}).get(node.id)) for node in group)
            key_of.update((node.id, node.id) for node in group)
        else:
            shown.append(_group(key, group))
            key_of.update((node.id, key) for node in group)
    named = dict.fromkeys((key_of[each.needed], key_of[each.job], each.how) for each in edges)
    links = [WorkflowEdge(needed=needed, by=by, how=how) for needed, by, how in named]
    return _in_order(shown, links), links


def _in_order(nodes: Sequence[WorkflowNode], links: Sequence[WorkflowEdge]) -> list[WorkflowNode]:
    """Return the nodes as one reads them: what needs something after what it needs."""
    depth = {node.key: 0 for node in nodes}
    needed: dict[str, set[str]] = {node.key: set() for node in nodes}
    for each in links:
        needed[each.by].add(each.needed)
    for key in TopologicalSorter(needed).static_order():
        depth[key] = max((depth[other] + 1 for other in needed[key]), default=0)
    return sorted(nodes, key=lambda node: depth[node.key])


def _classes(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge]) -> dict[str, int]:
    """Return the class of each node; refined until no round tells more apart."""
    needed: dict[str, list[tuple[str, str]]] = defaultdict(list)
    needing: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in edges:
        needed[each.job].append((each.how, each.needed))
        needing[each.needed].append((each.how, each.job))
    found = _numbered({node.id: (node.kind, node.entry_point or node.id) for node in nodes})
    while True:
        finer = _numbered(
            {
                node.id: (
                    found[node.id],
                    frozenset((how, found[other]) for how, other in needed[node.id]),
                    frozenset((how, found[other]) for how, other in needing[node.id]),
                )
                for node in nodes
            }
        )
        if len(set(finer.values())) == len(set(found.values())):
            return found
        found = finer


def _numbered(signatures: Mapping[str, object]) -> dict[str, int]:
    numbers: dict[object, int] = {}
    return {
        name: numbers.setdefault(signature, len(numbers)) for name, signature in signatures.items()
    }


def _single(node: GraphNode, condition: str | None) -> WorkflowNode:
    return WorkflowNode(
        key=node.id,
        kind=node.kind,
        label=node.label,
        entry_point=node.entry_point,
        counts={node.status: 1},
        job=node.id,
        service=node.service,
        why=node.why,
        condition=condition,
        progress=node.progress,
    )


def _group(key: str, group: Sequence[GraphNode]) -> WorkflowNode:
    first = group[0]
    failed = next((each.why for each in group if each.status == "failed"), None)
    return WorkflowNode(
        key=key,
        kind=first.kind,
        label=first.entry_point or first.label,
        entry_point=first.entry_point,
        counts=dict(Counter(each.status for each in group)),
        job=first.id,
        why=failed,
        is_foldable=True,
    )
