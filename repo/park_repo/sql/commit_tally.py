"""What the writer of a database has committed since it was opened, and how long that took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from park_repo.histogram import Histogram

__all__ = ["CommitTally"]

_BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""From a commit on a disk with a cache of its own to one that a full disk holds up."""


class CommitTally:
    """``changes`` were acknowledged by commits, each of which took ``seconds``; of one thread."""

    def __init__(self) -> None:
        self.changes = 0
        self.seconds = Histogram(_BOUNDS_S)

    @contextmanager
    def timed(self, changes: int) -> Iterator[None]:
        """Count a commit of ``changes``, unless it raises."""
        began = perf_counter()
        yield
        self.seconds.observe(perf_counter() - began)
        self.changes += changes
