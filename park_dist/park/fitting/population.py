"""The costs of some points of a population, as a job: the body of `park.bumps_mapper`."""

from __future__ import annotations

import importlib
from contextlib import suppress

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["costs"]

with suppress(ImportError):  # once, in what forks the jobs: they come by the hundred
    importlib.import_module("bumps.fitproblem")


def costs(problem: Any, points: Sequence[Sequence[float]]) -> list[float]:
    """Return the negative log likelihood of each of ``points``, as bumps' own mappers have it."""
    return [float(problem.nllf(point)) for point in points]
