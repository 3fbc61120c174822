"""A fleet as it is simulated: nodes that jobs run on in virtual time, and what fails there."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from park.model.ids import JobId
from park.model.lock_hash import LockHash
from park.wire import FileRecord
from park_server.envs.environment import Environment
from park_server.jobs.engines.engine import AttemptExit, ExitKind, NothingForked, Sink, StartOrder
from park_server.jobs.folder import JobFolders, Marks

__all__ = ["Environments", "Fleet", "NoFolders", "SimulatedEngine"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """What is simulated; times are of the fleet, in seconds.

    Jobs last ``mean_s`` on the average (exponentially), ``failing`` of them fail and are tried
    once more; ``deaths`` nodes die amid it, with all that runs there. ``backlog`` jobs are
    submitted and not ended, at most, in requests of ``batch``.
    """

    nodes: int = 1_000
    cores: int = 16
    jobs: int = 1_000_000
    environments: int = 10_000
    users: int = 50
    mean_s: float = 60.0
    failing: float = 0.02
    deaths: int = 20
    backlog: int = 50_000
    batch: int = 1_000
    seed: int = 1

    @property
    def slots(self) -> int:
        """How many jobs run at a time."""
        return self.nodes * self.cores

    @property
    def asks_per_s(self) -> float:
        """How many jobs have to start each second for all slots to be busy."""
        return self.slots / self.mean_s


class Environments:
    """Every lock has its environment, whole at any time."""

    def __init__(self) -> None:
        self._made: dict[LockHash, Environment] = {}

    def known(self, lock_hash: LockHash) -> Environment:
        """Return it."""
        if (found := self._made.get(lock_hash)) is None:
            found = cast("Environment", SimpleNamespace(path=Path("/envs") / lock_hash))
            self._made[lock_hash] = found
        return found

    async def ready(self, lock_hash: LockHash) -> Environment:
        """Return it."""
        return self.known(lock_hash)


class NoFolders(JobFolders):
    """Jobs without folders: nothing runs in them."""

    def prepare_for_order(self, job: JobId, user: str, call: dict[str, Any]) -> str | None:
        """Make nothing; the call is no longer than an empty one."""
        del job, user, call
        return "{}"

    async def collect(
        self, job: JobId, user: str, output: str | None = None
    ) -> tuple[FileRecord, ...]:
        """Find nothing."""
        del job, user, output
        return ()

    def clear(self, job: JobId) -> None:
        """Remove nothing."""

    def marks(self, job: JobId, attempt: int) -> Marks:
        """Say nothing of the callable."""
        del job, attempt
        return Marks()


@dataclass(slots=True)
class SimulatedEngine(NothingForked):
    """Nodes in virtual time: the test of patience is the scheduler's, not theirs.

    ``now`` is the time of the fleet; it goes on when an attempt ends, and never else.
    """

    fleet: Fleet
    now: float = 0.0
    took: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    failed: int = 0
    started: int = 0
    takes_calls: bool = True
    on_started: Callable[[], None] = field(default=lambda: None)
    _chance: random.Random = field(init=False)
    _due: list[tuple[float, int, StartOrder, Sink]] = field(default_factory=list)
    _nodes: dict[int, set[str]] = field(default_factory=dict)
    _node_of: dict[str, int] = field(default_factory=dict)
    _deaths: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.fleet.seed)  # noqa: S311 (the same fleet each time)
        whole = self.fleet.jobs * self.fleet.mean_s / self.fleet.slots
        self._deaths = sorted(self._chance.uniform(0, whole) for _ in range(self.fleet.deaths))

    @property
    def running(self) -> int:
        """How many attempts run."""
        return len(self._due)

    async def start(self, order: StartOrder, sink: Sink) -> None:
        """Have the attempt run on a node until its time has come."""
        self.started += 1
        node = self._chance.randrange(self.fleet.nodes)
        lasts = self._chance.expovariate(1 / self.fleet.mean_s)
        self._nodes.setdefault(node, set()).add(order.job_id)
        self._node_of[order.job_id] = node
        self.took[order.user] += round(lasts)
        heapq.heappush(self._due, (self.now + lasts, self.started, order, sink))
        self.on_started()

    def end_next(self) -> list[JobId]:
        """Let the next attempt end, or a node die whose time has come; return whose those are."""
        if self._deaths and self._due and self._deaths[0] <= self._due[0][0]:
            self.now = self._deaths.pop(0)
            return self._die(self._chance.randrange(self.fleet.nodes))
        self.now, _, order, sink = heapq.heappop(self._due)
        fails = self._chance.random() < self.fleet.failing
        self.failed += fails
        state = {"state": "failed", "error": "ValueError: simulated"} if fails else _COMPLETED
        self._exited(order, sink, ExitKind.EXITED, {"attempt": order.attempt, **state})
        return [order.job_id]

    def _die(self, node: int) -> list[JobId]:
        gone = self._nodes.pop(node, set())
        ended = [each for each in self._due if each[2].job_id in gone]
        self._due = [each for each in self._due if each[2].job_id not in gone]
        heapq.heapify(self._due)
        for _, _, order, sink in ended:
            self.lost += 1
            self._exited(order, sink, ExitKind.LOST, None)
        return [order.job_id for _, _, order, _ in ended]

    def _exited(
        self, order: StartOrder, sink: Sink, kind: ExitKind, outcome: dict[str, Any] | None
    ) -> None:
        self._nodes.get(self._node_of.pop(order.job_id), set()).discard(order.job_id)
        sink.on_exited(
            AttemptExit(job_id=order.job_id, attempt=order.attempt, kind=kind, outcome=outcome)
        )

    async def cancel(self, job_id: str, grace_s: float) -> None:
        """Do nothing: nobody cancels here."""

    async def recover(self, orders: Sequence[StartOrder], sink: Sink) -> None:
        """Find nothing: each simulation begins anew."""

    async def close(self) -> None:
        """Do nothing."""


_COMPLETED: dict[str, Any] = {"state": "completed", "result": 1.0}
