"""The engines of a service, with their partitions and load."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["QueueRecord"]


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueRecord:
    """An engine of a service, or a partition of one that is a cluster.

    Jobs that name neither go to the one ``is_default``. It has ``cpus``, of which ``cpus_taken``
    are in use (None: not known, for want of an answer), on ``nodes``; the largest node has
    ``gpus`` and ``memory_bytes``, and a job runs for ``longest_s`` at most (None: no limit).
    ``running`` and ``waiting`` are the jobs of this service in all of the engine.
    """

    engine: str
    partition: str | None
    is_default: bool
    nodes: int
    cpus: int | None
    cpus_taken: int | None
    gpus: int
    memory_bytes: int | None
    longest_s: float | None
    running: int
    waiting: int
