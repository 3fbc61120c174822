"""The parts of a service that serve nodes which share nothing with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from park.model.ids import JobId
from park_server.assembly.foundation import Foundation
from park_server.envs.supply import WheelSupply
from park_server.jobs.engines.attempt_tokens import AttemptTokens
from park_server.node_desk.desk import NodeDesk
from park_server.node_desk.machinery import Machinery
from park_server.node_desk.node_callers import NodeCallers

__all__ = ["callers_with_nodes", "node_desk"]


def callers_with_nodes(foundation: Foundation) -> NodeCallers:
    """Return who speaks with which token: users, and nodes."""
    tokens = AttemptTokens(foundation.home.node_key())
    return NodeCallers(foundation.trust.callers, tokens, foundation.database)


def node_desk(
    foundation: Foundation, supply: WheelSupply, folder_of: Callable[[JobId], Path]
) -> NodeDesk:
    """Return what answers nodes; ``folder_of`` tells the folder of a job."""
    return NodeDesk(
        database=foundation.database,
        folder_of=folder_of,
        content=foundation.content,
        fetch_for=supply.for_user,
        interpreters=foundation.interpreters,
        machinery=Machinery(foundation.home.cache / "nodes"),
    )
