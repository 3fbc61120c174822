"""A batch job as the engine follows it, from its submission to the end of its attempt."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto

from park_server.jobs.engines.engine import Sink, StartOrder

__all__ = ["Phase", "Tracked"]


class Phase(Enum):
    """How far a batch job is, as far as this service knows."""

    SUBMITTING = auto()
    """An sbatch is under way, or is to be tried again."""
    LOOKED_FOR = auto()
    """Nobody knows whether Slurm has it: its name is looked for."""
    SUBMITTED = auto()
    """Slurm has it."""


@dataclass(kw_only=True, slots=True, eq=False)
class Tracked:
    """An attempt that has not exited.

    ``batch`` is its id in Slurm, once known; ``since`` when it was seen to be there, by the clock
    of the poll; ``remark`` how squeue shows it. ``missing_since`` is when squeue did not have it
    for the first time, by the clock of the event loop.
    """

    order: StartOrder
    sink: Sink
    phase: Phase = Phase.SUBMITTING
    batch: str | None = None
    since: int = 0
    remark: str | None = None
    has_begun: bool = False
    is_marked: bool = False
    is_cancelled: bool = False
    failures: int = 0
    missing_since: float | None = None
    exited: asyncio.Event = field(default_factory=asyncio.Event)
