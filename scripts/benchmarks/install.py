"""``park install`` with nothing changed: the whole process, against a service on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness.serve_here import PARK, serve_here
from benchmarks.harness.timing import command, compared

ROUNDS = 15
LIMIT_TIMES = 12
"""As long as a bare interpreter takes, at the most."""


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the time of an install that finds all there, for a closure of 47 projects."""
    with (
        TemporaryDirectory(prefix="park-bench-") as folder,
        serve_here(Path(folder)) as (_, variables),
    ):
        install: list[str | Path] = [PARK, "install", "mymodel", "--json"]
        first = subprocess.run(install, env=variables, stdout=subprocess.PIPE, check=True)
        figures = compared(
            rounds or ROUNDS,
            command(install, variables),
            command([sys.executable, "-I", "-c", "pass"]),
        )
        again = json.loads(
            subprocess.run(install, env=variables, stdout=subprocess.PIPE, check=True).stdout
        )
    return {
        "yardstick": "python -I -c pass",
        **figures,
        "first_lock_hash": json.loads(first.stdout)["lock_hash"],
        "lock_hash": again["lock_hash"],
        "built": again["built"],
        "uploaded": again["uploaded"],
        "limit_times_the_yardstick": LIMIT_TIMES,
        "holds": figures["seconds"] < LIMIT_TIMES * figures["yardstick_seconds"],
    }
