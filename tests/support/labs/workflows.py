"""Workflows that nobody ran: graphs as a service tells them."""

from __future__ import annotations

from typing import Any

from park.model.states import NodeKind
from park.wire import GraphEdge, GraphNode, GraphRecord

__all__ = ["FIRST", "NOW", "SECOND", "edge", "node", "story"]

FIRST, SECOND = "https://sns.example.org/service", "https://fans.example.org/service"
NOW = "2026-11-23T09:00:30+00:00"


def node(name: str, status: str = "waiting", **more: Any) -> GraphNode:
    """Return a call named ``name``, whose id ends in it."""
    label = more.pop("label", f"mymodel:{name}")
    kind = NodeKind(more.pop("kind", "call"))
    return GraphNode(id=name, kind=kind, label=label, status=status, **more)


def edge(job: str, needed: str, how: str = "value") -> GraphEdge:
    """Return the edge from ``job`` to what it needs."""
    return GraphEdge(job=job, needed=needed, how=how)


def story() -> dict[str, GraphRecord]:
    """Return a reduction on one service and a fit of it on another, half done."""
    times = {"started": "2026-11-23T09:00:00+00:00", "finished": "2026-11-23T09:00:12+00:00"}
    reduction = node("01-reduce", "completed", label="reflectometry.reduction:SnsReduce", **times)
    here = [
        node("01-reduce", "unknown", kind="remote", service=FIRST, label=""),
        node("02-install", "ready", kind="install", label="mymodel 1.0+t12345678", **times),
        node("03-fetch", "completed", kind="fetch", label="run.refl", **times),
        node("04-prefit", "completed", label="mymodel:prefit_simulation", **times),
        node(
            "05-define",
            "running",
            label="mymodel:define_fit",
            started="2026-11-23T09:00:20+00:00",
            progress={"time": 0.0, "done": 3, "total": 10, "values": {"chisq": 1.5}},
        ),
        node("06-fit", label="park.fitting:fit", why="waits for job …define completed"),
    ]
    edges = [
        edge("03-fetch", "01-reduce", "url"),
        edge("03-fetch", "01-reduce", "completed"),
        edge("04-prefit", "02-install", "completed"),
        edge("05-define", "04-prefit", "file"),
        edge("05-define", "03-fetch", "file"),
        edge("06-fit", "05-define", "value"),
        edge("06-fit", "04-prefit", "completed"),
        edge("06-fit", "03-fetch", "completed"),
    ]
    return {
        SECOND: GraphRecord(nodes=here, edges=edges),
        FIRST: GraphRecord(nodes=[reduction], edges=[]),
    }
