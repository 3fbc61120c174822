"""A workflow as it changes: asked for again whenever a piece may have changed its state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from park.client.access.transport import Transport
from park.errors import ServiceUnreachable
from park.model.states import standing
from park.wire import API, GraphNode, GraphRecord

__all__ = ["State", "Watched", "is_final", "watched"]

_LOOK_S = 1.0
"""Progress, and what is on other services, is looked at so often; states are waited for."""

_MOST_LEAVES = 500
"""Pieces whose change ends a wait; of more, those that run come first."""

_FINAL = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A workflow at one moment; ``silence`` says that the service does not answer now."""

    record: GraphRecord
    silence: str | None = None


Watched = Iterator[State]
"""States of a workflow until all of it has ended."""


class Connected(Protocol):
    """Knows what is connected with jobs; see `park.client.workflows.graph.Workflows`."""

    def connected(self, jobs: Sequence[str]) -> GraphRecord:
        """Return all that is connected with ``jobs``."""


def watched(
    transport: Transport,
    workflows: Connected,
    jobs: Sequence[str] = (),
    *,
    pause: Callable[[float], object] = time.sleep,
) -> Watched:
    """Yield the workflow of ``jobs`` now, after each change, and when it has ended.

    A service that stops answering is asked on: jobs outlive its restart. Raises where it
    does not answer at first. ``pause`` sleeps for seconds.
    """
    record = workflows.connected(jobs)
    # the same workflow to its end, also when a newer one is submitted meanwhile
    jobs = jobs or [node.id for node in record.nodes if node.service is None][:1]
    yield State(record=record)
    while not is_final(record):
        try:
            _until_news(transport, record)
            record = workflows.connected(jobs)
        except ServiceUnreachable as error:
            yield State(record=record, silence=error.message)
            pause(_LOOK_S)
        else:
            yield State(record=record)


def is_final(record: GraphRecord) -> bool:
    """Tell whether nothing of a workflow will change; what cannot be seen from here is left out."""
    return all(standing(node.status) in _FINAL for node in record.nodes if node.kind != "remote")


def _until_news(transport: Transport, record: GraphRecord) -> None:
    """Wait for a change of a state on the service itself, but not long."""
    leaves = [_next_phase(node) for node in record.nodes if _is_here(node)]
    leaves.sort(key=lambda leaf: leaf["is"] != "finished")
    if not leaves:
        time.sleep(_LOOK_S)
        return
    body = {"leaves": [{"leaf": leaf} for leaf in leaves[:_MOST_LEAVES]], "wait": _LOOK_S}
    transport.json("POST", f"{API}/follow", json=body)


def _is_here(node: GraphNode) -> bool:
    return node.service is None and standing(node.status) not in _FINAL


def _next_phase(node: GraphNode) -> dict[str, Any]:
    """Return the leaf that is decided once the piece is in another state than now.

    What waits is told apart from what is queued at the next look only.
    """
    if node.kind == "install":
        return {"install": node.id, "is": "finished"}
    return {"job": node.id, "is": "finished" if node.status == "running" else "started"}
