"""Plans: what a script would run and install, where and in what order, without doing it."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextvars import Token
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from park.client.access.dry_run import dry_run
from park.client.installs.environment_plan import EnvironmentPlan, environment_plan
from park.client.submission.reach import Reach
from park.client.workflows.layers import Workflow
from park.errors import PlanEnds
from park.local.set_options import PLAIN, SetOptions
from park.model.conditions import InstallIs, JobIs, Leaf, Phase, describe, leaves
from park.model.conditions_json import condition_from_json
from park.model.leaves import needed_by
from park.model.references import references_in
from park.model.states import NodeKind
from park.wire import FETCH, RACE, GraphEdge, GraphNode, GraphRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from park.client.access.transport import Transport
    from park.client.submission.binding import Binding
    from park.client.submission.item import Item
    from park.model.entry_point import EntryPoint

__all__ = ["PlanContent", "kind_of"]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An environment that jobs of the plan need: of a module, or named."""

    transport: Transport
    target: str
    lock: str | None = None
    offer: str | None = None
    options: SetOptions = PLAIN
    reach: Reach | None = None


class PlanContent:
    """What was submitted in its block, which no service was told of.

    The block ends where something would have to be known that only a run can tell, such as a
    result; ``ended`` then says what.
    """

    def __init__(self, *, everywhere: bool = False) -> None:
        self._everywhere = everywhere
        self._lock = threading.Lock()
        self._items: list[Item] = []
        self._wanted: dict[_Wanted, Future[Binding]] = {}
        self._token: Token[object | None] | None = None
        self._environments: list[EnvironmentPlan] | None = None
        self.ended: str | None = None

    def __repr__(self) -> str:
        return f"<Plan of {len(self._items)} pieces>"

    # -- the block

    def __enter__(self) -> Self:
        if self._everywhere:
            dry_run.everywhere = self
        else:
            self._token = dry_run.begin(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if self._everywhere:
            dry_run.everywhere = None
        elif self._token is not None:
            dry_run.end(self._token)
        if isinstance(error, PlanEnds):
            self.ended = error.message
            return True
        return False

    def take(self, item: Item) -> None:
        """Note a piece, which is not sent."""
        with self._lock:
            self._items.append(item)
            self._environments = None
            if item.target is not None:
                self._future(_Wanted(item.outbox.transport, item.target))

    def environment(
        self,
        transport: Transport,
        entry_point: EntryPoint,
        *,
        lock: str | None,
        offer: str | None,
        options: SetOptions = PLAIN,
        reach: Reach | None = None,
    ) -> Future[Binding]:
        """Note an environment that jobs need; what is returned is never known."""
        with self._lock:
            named = lock is not None or offer is not None
            target = "" if named else entry_point.module
            return self._future(_Wanted(transport, target, lock, offer, options, reach))

    def _future(self, wanted: _Wanted) -> Future[Binding]:
        return self._wanted.setdefault(wanted, Future())

    # -- what is in it

    @property
    def environments(self) -> list[EnvironmentPlan]:
        """What would become of each environment; asks the services, the first time."""
        if self._environments is None:
            self._environments = [
                environment_plan(
                    each.transport,
                    each.target,
                    each.lock,
                    each.offer,
                    reach=each.reach,
                    options=each.options,
                )
                for each in self._wanted
            ]
        return self._environments

    @property
    def items(self) -> tuple[Item, ...]:
        """What was submitted, in its order."""
        return tuple(self._items)

    def graph(self) -> GraphRecord:
        """Return the pieces and what they need of each other."""
        homes = {item.id: item.outbox.url for item in self._items}
        several = len(set(homes.values())) > 1
        called = {item.id: item.called for item in self._items}
        nodes = [_node(item, homes[item.id] if several else None, called) for item in self._items]
        edges = [edge for item in self._items for edge in _edges(item)]
        known = {node.id for node in nodes}
        strangers = dict.fromkeys(edge.needed for edge in edges if edge.needed not in known)
        nodes += [
            GraphNode(id=name, kind=NodeKind.CALL, label="", status="there") for name in strangers
        ]
        return GraphRecord(nodes=nodes, edges=edges)

    def as_json(self) -> dict[str, Any]:
        """Return the plan as JSON data: ``pieces``, ``environments`` and ``ended``."""
        graph = self.graph()
        layers = Workflow(graph).layers
        needs: dict[str, list[dict[str, str]]] = {}
        for edge in graph.edges:
            needs.setdefault(edge.job, []).append({"id": edge.needed, "how": edge.how})
        return {
            "pieces": [
                {
                    "id": item.id,
                    "service": item.outbox.url,
                    "kind": kind_of(item),
                    "label": item.called,
                    "entry_point": (item.document or {}).get("entry_point"),
                    "stage": layers[item.id],
                    "needs": needs.get(item.id, []),
                    "when": None if item.document is None else item.document.get("when"),
                }
                for item in self._items
            ],
            "environments": [each.as_json() for each in self.environments],
            "ended": self.ended,
        }


def kind_of(item: Item) -> NodeKind:
    """Return what an item will be in a workflow."""
    if item.document is None:
        return NodeKind.INSTALL
    kinds = {FETCH: NodeKind.FETCH, RACE: NodeKind.RACE}
    return kinds.get(item.document["entry_point"], NodeKind.CALL)


def _node(item: Item, service: str | None, called: Mapping[str, str]) -> GraphNode:
    document = item.document or {}
    why = None
    if item.document is not None and (when := item.document.get("when")) is not None:
        expression = condition_from_json(when)
        if any(not _is_completion(leaf) for leaf in leaves(expression)):
            why = f"when {describe(expression, called)}"
    return GraphNode(
        id=item.id,
        kind=kind_of(item),
        label=called[item.id],
        entry_point=document.get("entry_point"),
        status="",
        service=service,
        why=why,
    )


def _is_completion(leaf: Leaf) -> bool:
    return isinstance(leaf, (JobIs, InstallIs)) and leaf.phase is Phase.COMPLETED


def _edges(item: Item) -> Iterator[GraphEdge]:
    document = item.document or {}
    url = document.get("fetch", {}).get("url")
    for reference in references_in([document.get("call"), url]):
        yield GraphEdge(job=item.id, needed=reference.job, how=str(reference.what))
    for each in document.get("race", {}).get("competitors", ()):
        yield GraphEdge(job=item.id, needed=each["job"], how=str(Phase.FINISHED))
    if (when := document.get("when")) is not None:
        for leaf in leaves(condition_from_json(when)):
            for name, _, how in needed_by(leaf):
                yield GraphEdge(job=item.id, needed=name, how=str(how))
