"""What removes the jobs and trees of a lab, whose clock the test moves."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from park_repo.index import Index
from park_server.home import Home
from park_server.retention.content_sweep import ContentSweep
from park_server.retention.job_removal import JobRemoval
from park_server.retention.policy import RetentionPolicy
from park_server.retention.retention import Retention
from park_server.retention.trees.tree_sweep import TreeSweep
from park_server.trust.possession import Possession

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.labs.schedule_lab import Lab

    from park.model.lock_hash import LockHash

__all__ = ["DAY_S", "Clock", "Evictions", "retention_of", "wait_for_janitor"]

DAY_S = 86_400.0


class Clock:
    """The time of a test: the machine's, and what `age` has added."""

    def __init__(self) -> None:
        self._added = 0.0

    def __call__(self) -> float:
        return time.time() + self._added

    def age(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self._added += seconds


@dataclass
class Evictions:
    """Stands for the keeper of environments, and notes what it is to evict."""

    gone: list[LockHash] = field(default_factory=list)

    async def __call__(self, lock_hashes: Sequence[LockHash]) -> int:
        self.gone.extend(lock_hashes)
        return len(lock_hashes)


def wait_for_janitor(one: Lab) -> None:
    """Wait until the folders of jobs that have ended are cleared: what they take is settled."""
    one.folders._janitor.submit(lambda: None).result()


def retention_of(
    one: Lab,
    root: Path,
    clock: Clock | None = None,
    *,
    index: Index | None = None,
    evictions: Evictions | None = None,
    every_s: float | None = None,
    **policy: Any,
) -> Retention:
    """Return what removes the jobs of ``one``, by a policy that is not given but for trees."""
    clock = clock or Clock()
    content = ContentSweep(one.content, clock=clock)
    index = index or Index(one.database, Home(root).index)
    return Retention(
        home=Home(root),
        database=one.database,
        bus=one.bus,
        folders=one.folders,
        jobs=JobRemoval(
            database=one.database,
            bus=one.bus,
            folders=one.folders,
            store=one.content,
            content=content,
        ),
        content=content,
        trees=TreeSweep(one.database, index, evictions or Evictions()),
        quarantines=(one.content.quarantine, index.quarantine),
        policy=RetentionPolicy(**policy),
        forget_besides=lambda: Possession(one.database, "root").forget(
            lambda sha256: one.content.size_of(sha256) is not None
        ),
        clock=clock,
        every_s=every_s,
    )
