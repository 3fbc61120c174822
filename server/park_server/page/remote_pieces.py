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
    r"needs \w+ …\w+(?: \((?P<name>.+?)\))? \w+; it "
    r"(?P<end>failed|completed|was cancelled)(?:: (?P<why>.*))?",
    re.DOTALL,
)
"""How a service says that something will never be; as `park_server.jobs.conditions.facts` does."""

_GOES_ON = re.compile(r"\w+ …\w+(?: \((?P<name>.+)\))? is (?:waiting|queued|running)")
"""How it says that something is not decided."""

_CALL = re.compile(r"(?:[\w.]+:)?(\w+)(?:\(.*\))?", re.DOTALL)
"""What a job is called by that nobody gave a label: its function is enough beside where it is."""

_PHASES = {"completed", "failed", "cancelled"}


def as_told(node: GraphNode, leaf: Mapping[str, Any], truth: Truth, why: str) -> GraphNode:
    """Return the piece ``node`` after a verdict on ``leaf``, which speaks of it.

    That it has failed can be what is waited for: a verdict is no state. ``why`` of a verdict is
    what the other service says; what cannot be read in it is shown as it is.
    """
    if truth is not Truth.NEVER:
        before = _GOES_ON.fullmatch(why)  # its state may be another one by now
        named = node if before is None else _named(node, before)
        phase = leaf.get("is") if truth is Truth.TRUE else None
        return replace(named, status=phase) if phase in _PHASES else named
    found = _ENDED.match(why)
    if found is None:
        return replace(node, why=why)
    ended = replace(node, status=found["end"].removeprefix("was "), why=found["why"])
    return _named(ended, found)


def _named(node: GraphNode, said: re.Match[str]) -> GraphNode:
    name = said["name"]
    if name is None:
        return node
    call = _CALL.fullmatch(name)
    return replace(node, label=f"{call[1] if call else name} on {_host(node)}")


def placed(node: GraphNode) -> GraphNode:
    """Return a piece that is known by its id alone, with where it is."""
    return replace(node, label=f"{node.label} on {_host(node)}")


def _host(node: GraphNode) -> str:
    return urlsplit(node.service or "").netloc or str(node.service)
