"""``import park`` over a bare interpreter: it is imported inside every job, too."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.harness.timing import command, compared

ROUNDS = 40
LIMIT_S = 0.015


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the cost of the import in seconds, beside the interpreter's own start."""
    figures = compared(
        rounds or ROUNDS,
        command([sys.executable, "-I", "-c", "import park"]),
        command([sys.executable, "-I", "-c", "pass"]),
    )
    cost = figures["seconds"] - figures["yardstick_seconds"]
    return {
        "yardstick": "python -I -c pass",
        **figures,
        "import_seconds": round(cost, 5),
        "limit_seconds": LIMIT_S,
        "holds": cost < LIMIT_S,
    }
