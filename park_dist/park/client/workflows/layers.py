"""A workflow in layers, by what needs what, and as a tree that has each of its pieces once."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from park.inert_text import inert_line
from park.wire import GraphEdge, GraphNode, GraphRecord

__all__ = ["Branch", "Workflow"]

_Value = TypeVar("_Value")
_Piece = TypeVar("_Piece", GraphNode, GraphEdge)


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """A piece at its place in the tree.

    ``last`` tells of each level below the root whether nothing follows there; ``also`` are
    the edges to what it needs besides the piece that it hangs from.
    """

    node: GraphNode
    last: tuple[bool, ...]
    also: tuple[GraphEdge, ...]


class Workflow:
    """Pieces and who needs whom, in the order in which they were made.

    An edge to a piece that is not there (a graph may be cut short) is left out.
    """

    def __init__(self, record: GraphRecord) -> None:
        nodes = map(_shown, record.nodes)
        self.nodes: Mapping[str, GraphNode] = {
            node.id: node for node in sorted(nodes, key=lambda node: node.id)
        }
        self.edges = tuple(dict.fromkeys(filter(self._is_whole, map(_shown, record.edges))))
        self.complete = record.complete

    def _is_whole(self, edge: GraphEdge) -> bool:
        return edge.job in self.nodes and edge.needed in self.nodes and edge.job != edge.needed

    @cached_property
    def needs(self) -> Mapping[str, tuple[GraphEdge, ...]]:
        """The edges from each piece to what it needs."""
        return _grouped((edge.job, edge) for edge in self.edges)

    @cached_property
    def needed_by(self) -> Mapping[str, tuple[GraphEdge, ...]]:
        """The edges to each piece from what needs it."""
        return _grouped((edge.needed, edge) for edge in self.edges)

    @cached_property
    def layers(self) -> Mapping[str, int]:
        """The layer of each piece: one more than the deepest that it needs, from 0.

        In topological order (A. B. Kahn, 1962). What is in a cycle, which no service makes,
        comes last.
        """
        missing = {name: len({edge.needed for edge in self.needs[name]}) for name in self.nodes}
        ready = deque(name for name, count in missing.items() if count == 0)
        found = dict.fromkeys(ready, 0)
        while ready:
            name = ready.popleft()
            for job in dict.fromkeys(edge.job for edge in self.needed_by[name]):
                found[job] = max(found.get(job, 0), found[name] + 1)
                missing[job] -= 1
                if missing[job] == 0:
                    ready.append(job)
        order = {name: layer for name, layer in found.items() if missing[name] == 0}
        deepest = max(order.values(), default=-1)
        return order | {name: deepest + 1 for name in self.nodes if name not in order}

    @cached_property
    def trunks(self) -> Mapping[str, str | None]:
        """The piece below which each piece hangs in the tree; None for a root."""
        return {name: self._trunk(name) for name in self.nodes}

    def branches(self) -> Iterator[Branch]:
        """Yield every piece once, depth first: below the deepest of those that it needs.

        What needs nothing is a root. So the first line of a branch is what came first, and
        the pieces of a diamond are all there, one of them naming what it needs besides.
        """
        trunk = self.trunks
        children = _grouped((above, name) for name, above in trunk.items() if above is not None)
        roots = [name for name, above in trunk.items() if above is None]
        pending: list[tuple[str, tuple[bool, ...]]] = [(name, ()) for name in reversed(roots)]
        while pending:
            name, last = pending.pop()
            also = (edge for edge in self.needs[name] if edge.needed != trunk[name])
            yield Branch(node=self.nodes[name], last=last, also=tuple(also))
            below = children[name]
            for place, child in reversed(list(enumerate(below, 1))):
                pending.append((child, (*last, place == len(below))))

    def _trunk(self, name: str) -> str | None:
        """Return the piece below which ``name`` hangs; never one of its own or a later layer."""
        layers = self.layers
        above = [edge.needed for edge in self.needs[name] if layers[edge.needed] < layers[name]]
        return max(above, key=lambda needed: (layers[needed], needed), default=None)


def _grouped(pairs: Iterable[tuple[str, _Value]]) -> Mapping[str, tuple[_Value, ...]]:
    found: defaultdict[str, list[_Value]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return defaultdict(tuple, {key: tuple(values) for key, values in found.items()})


_WORDS = ("id", "status", "service", "job", "needed", "how")
"""What pieces and edges are drawn with as it is: names and states, which no service has to be."""


def _shown(piece: _Piece) -> _Piece:
    """Return a node or an edge with these as one line that no terminal obeys."""
    words = {name: getattr(piece, name, None) or "" for name in _WORDS}
    odd: dict[str, Any] = {
        name: inert_line(word) for name, word in words.items() if not word.isprintable()
    }
    return replace(piece, **odd) if odd else piece
