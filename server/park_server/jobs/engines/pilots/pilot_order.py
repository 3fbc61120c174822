"""What a worker of a pilot is told of an attempt: its order, and the fork server that it is for."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from park_server.jobs.engines.cages import Cages, prepare_for
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.fork_server_client import ServerKey, making_of, server_variables
from park_server.jobs.engines.order_record import order_record
from park_server.jobs.engines.runtime_copy import RuntimeCopy

__all__ = ["PilotOrders"]

_IDLE_S = 60.0
"""How long a fork server stays whose worker went: its job may still run, no other will come."""


class PilotOrders:
    """Says it for the jobs of a service with the home ``home``, which pilots see at its path."""

    def __init__(self, home: Path, runtime: RuntimeCopy, cages: Cages) -> None:
        self._home = home
        self._runtime = runtime
        self._cages = cages

    def told(self, order: StartOrder) -> dict[str, Any]:
        """Return it, as JSON data. Raises `OSError`, and what `Cages.of` raises."""
        return {
            "order": order_record(order).as_record(),
            "environment": str(order.environment),
            "server": self._server(order),
        }

    def _server(self, order: StartOrder) -> dict[str, Any]:
        home, runtime, cage = self._home, self._runtime, self._cages.of(order.user)
        cache = home / "cache" / "numba" / order.lock_hash / (order.user or "_")
        # its own folder alone is what a fork server of the service shows; here, those of all jobs
        words = [word for word in cage.words if word != "own-folder"]
        shown = [f"show={cache}"] if cage.isolation.covers else []
        lent = home / "jobs" / ".lent"
        prepare_for(cage.account, [cache, lent], None)
        key = ServerKey(
            lock_hash=order.lock_hash,
            module=None if order.fresh else order.module,
            runtime=runtime.sha256,
            made=making_of(order.environment),
            user=order.user,
            cage=cage.digest,
        )
        variables = cage.variables()
        protected = (home / "envs", home / "store", runtime.folder.parent, *order.read_only)
        return {
            "name": key.folder_name,
            "key": asdict(key),
            "environment": str(order.environment),
            "runtime": str(runtime.folder),
            "settings": {
                "module": key.module,
                "library": str(runtime.library),
                "idle_s": _IDLE_S,
                "spares": 1,
            },
            "lent": str(lent),
            "read_only": [str(path) for path in protected],
            "cage": [*words, *shown],
            "variables": server_variables(os.environ, order.environment, runtime, cache, variables),
        }
