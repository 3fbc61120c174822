"""What a batch job runs: the job itself where nodes share the home, else what brings it all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from park.atomic import write_atomically
from park.runtime.view import enter_command
from park_server.jobs.engines.attempt_tokens import AttemptTokens
from park_server.jobs.engines.cages import Cages, prepare_for
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.fork_server_client import server_variables
from park_server.jobs.engines.node_order import write_order
from park_server.jobs.engines.order_record import order_record
from park_server.jobs.engines.runtime_copy import RuntimeCopy
from park_server.jobs.engines.slurm.asking import client_variables
from park_server.jobs.engines.slurm.submission import SCRIPT

__all__ = ["Batch", "OwnStores", "Placing", "SharedHome"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """A batch job: its ``script`` with ``arguments``, its ``variables``, where it is and writes."""

    script: Path
    arguments: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)
    folder: str
    output: str


class Placing(Protocol):
    """How the nodes of a cluster come to what a job needs."""

    @property
    def service(self) -> str | None:
        """The URL that nodes have to reach; None where they share the home."""

    def batch(self, order: StartOrder) -> Batch:
        """Return the batch job of ``order``. Raises `OSError`."""


class SharedHome:
    """Nodes see the ``home`` at its path: environments and folders of jobs are there."""

    service = None

    def __init__(self, home: Path, runtime: RuntimeCopy, cages: Cages) -> None:
        self._home = home
        self._runtime = runtime
        self._cages = cages
        self._script = home / "cache" / "slurm" / "batch.sh"
        write_atomically(self._script, SCRIPT)  # Slurm keeps a copy of its own with each job

    def batch(self, order: StartOrder) -> Batch:
        """See `Placing`: the job, in the view of its environment."""
        own = server_variables(os.environ, order.environment, self._runtime, self._cache(order))
        return Batch(
            script=self._script,
            arguments=(str(order.directory), str(order.attempt), *self._command(order)),
            variables=client_variables() | own,
            folder=str(order.directory),
            output=f"{order.directory}/slurm.out",
        )

    def _command(self, order: StartOrder) -> list[str]:
        environment, runtime = order.environment, self._runtime
        python, program = str(environment / "bin" / "python"), str(runtime.program)
        cache = self._cache(order)
        own = self._cages.of(order.user)
        cage = own.words_on_nodes(cache)
        prepare_for(own.account, [cache], None)
        home = self._home
        machinery = (home / "envs", home / "store", runtime.folder.parent, *order.read_only)
        read_only = [str(path) for path in machinery]
        enter = enter_command(python, program, str(environment), read_only, strict=False, cage=cage)
        record = json.dumps(order_record(order).as_record())
        return [*enter, python, "-I", "-B", program, "batch", record]

    def _cache(self, order: StartOrder) -> Path:
        folder = self._home / "cache" / "numba" / (order.user or "_")
        folder.mkdir(parents=True, exist_ok=True)
        return folder


class OwnStores:
    """Nodes share nothing: each has a ``store`` of its own, and asks this service at ``url``.

    ``bootstrap`` is what they run first.
    """

    def __init__(self, *, store: Path, url: str, tokens: AttemptTokens, bootstrap: Path) -> None:
        self._store = store
        self.service = url
        self._tokens = tokens
        self._bootstrap = bootstrap

    def batch(self, order: StartOrder) -> Batch:
        """See `Placing`: what brings the job, its environment and its inputs to the node."""
        write_order(order)
        token = self._tokens.token(order.job_id, order.attempt)
        return Batch(
            script=self._bootstrap,
            arguments=(self.service, str(self._store)),
            variables=client_variables() | _of_nodes(os.environ) | {"PARK_NODE_TOKEN": token},
            folder="/",
            output="/dev/null",
        )


def _of_nodes(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the operator says to nodes, by the service's own variables."""
    return {name: value for name, value in environ.items() if name == "PARK_NODE_PATIENCE_S"}
