"""Timing of two things in turn, so that a machine whose speed drifts is fair to both."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["command", "compared", "rest", "seconds", "seconds_alone"]

_REST_S = 0.05
"""Until a person asks again; by then the machine has done something else."""


def seconds(action: Callable[[], object]) -> float:
    """Return how long ``action`` takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def rest() -> None:
    """Let the machine do something else, as it does before what comes alone."""
    time.sleep(_REST_S)


def seconds_alone(action: Callable[[], object]) -> float:
    """Return how long ``action`` takes after a rest: where all that it needs must wake."""
    rest()
    return seconds(action)


def command(
    argv: Sequence[str | Path], variables: Mapping[str, str] | None = None
) -> Callable[[], object]:
    """Return an action that runs ``argv`` and raises where it fails, its output unseen."""

    def run() -> None:
        done = subprocess.run(argv, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{argv} failed:\n{done.stderr}")

    return run


def compared(
    rounds: int,
    figure: Callable[[], object],
    yardstick: Callable[[], object],
    *,
    before: Callable[[], object] = lambda: None,
) -> dict[str, float | int]:
    """Run both in turn, after one round that is not counted; return medians and their ratio.

    ``before`` is run ahead of each ``figure``, and not timed.
    """
    pairs = []
    for _ in range(rounds + 1):
        before()
        pairs.append((seconds(figure), seconds(yardstick)))
    ours, theirs = (statistics.median(times) for times in zip(*pairs[1:], strict=True))
    return {
        "seconds": round(ours, 5),
        "yardstick_seconds": round(theirs, 5),
        "yardstick_over_ours": round(theirs / ours, 2),
        "rounds": rounds,
    }
