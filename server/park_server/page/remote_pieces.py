"""Pieces of a workflow on other services: what is known of each from what its service has said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from park.model.truth import Truth
from park.wire import GraphNode

__all__ = ["as_told", "placed"]

_ENDED = re.compile(
    r"needs \w+ …\w+(?: \((?P<name>[^()]+)\))? \w+; it "
    r"(?P<end>failed|completed|was cancelled)(?:: (?P<why>.*))?",
    re.DOTALL,
)
"""How a service says that something will never be; as `park_server.jobs.conditions.facts` does."""

_PHASES = {"completed", "failed", "cancelled"}


def as_told(node: GraphNode, leaf: Mapping[str, Any], truth: Truth, why: str) -> GraphNode:
    """Return the piece ``node`` after a verdict on ``leaf``, which speaks of it.

    That it has failed can be what is waited for: a verdict is no state. ``why`` of a verdict is
    what the other service says; what cannot be read in it is shown as it is.
    """
    if truth is Truth.NOT_YET:
        return node
    if truth is Truth.TRUE:
        phase = leaf.get("is")
        return replace(node, status=phase) if phase in _PHASES else node
    found = _ENDED.match(why)
    if found is None:
        return replace(node, why=why)
    name = found["name"]
    return replace(
        node,
        status=found["end"].removeprefix("was "),
        label=node.label if name is None else f"{name.rpartition(':')[2]} on {_host(node)}",
        why=found["why"],
    )


def placed(node: GraphNode) -> GraphNode:
    """Return a piece that is known by its id alone, with where it is."""
    return replace(node, label=f"{node.label} on {_host(node)}")


def _host(node: GraphNode) -> str:
    return urlsplit(node.service or "").netloc or str(node.service)
