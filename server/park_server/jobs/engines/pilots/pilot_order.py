"""What a worker of a pilot is told of an attempt: its order, and the fork server that it is for."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from park.atomic import write_atomically
from park_server.jobs.engines.cages import Cage, Cages, prepare_for
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.fork_server_client import ServerKey, making_of, server_variables
from park_server.jobs.engines.order_record import order_record
from park_server.jobs.engines.runtime_copy import RuntimeCopy

__all__ = ["GIVEN_BACK", "PilotOrders"]

GIVEN_BACK = "back-"
"""With the number of the attempt, a file of a job that a worker had and does not run."""

_IDLE_S = 60.0
"""How long a fork server stays whose worker went: its job may still run, no other will come."""


class PilotOrders:
    """Says it for the jobs of a service with the home ``home``, which pilots see at its path.

    What is true of a fork server lies in a file, once; an order names that.
    """

    def __init__(self, home: Path, runtime: RuntimeCopy, cages: Cages) -> None:
        self._home = home
        self._runtime = runtime
        self._cages = cages
        self._servers: dict[ServerKey, Path] = {}

    def told(self, order: StartOrder) -> dict[str, Any]:
        """Return it, as JSON data. Raises `OSError`, and what `Cages.of` raises."""
        cage = self._cages.of(order.user)
        key = ServerKey(
            lock_hash=order.lock_hash,
            module=cage.module_ahead(order),
            runtime=self._runtime.sha256,
            made=making_of(order.environment),
            user=order.user,
            cage=cage.digest,
        )
        place = self._servers.get(key)
        if place is None:
            place = self._servers[key] = self._home / "cache" / "pilots" / f"{key.folder_name}.json"
            write_atomically(place, json.dumps(self._server(order, key, cage)), mode=0o600)
        record = order_record(order)
        if order.resources.reuse:  # what it used is what others before it did, too
            record = replace(record, reuse=True, memo=False)
        return {"order": record.as_record(), "server": str(place)}

    def _server(self, order: StartOrder, key: ServerKey, cage: Cage) -> dict[str, Any]:
        home, runtime = self._home, self._runtime
        cache = home / "cache" / "numba" / (order.user or "_")
        lent = home / "jobs" / ".lent"
        prepare_for(cage.account, [cache, lent], None)
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
            "cage": list(cage.words_on_nodes(cache)),
            "variables": server_variables(
                os.environ, order.environment, runtime, cache, cage.variables()
            ),
        }
