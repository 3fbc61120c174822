"""``park install`` with nothing changed: the whole process, against a service on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.timing import command, compared

ROUNDS = 15
LIMIT_S = 0.5
PARK = Path(sys.executable).with_name("park")


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the time of an install that finds all there, for a closure of 47 projects."""
    with TemporaryDirectory(prefix="park-bench-") as folder, service(Path(folder)) as variables:
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
        "limit_seconds": LIMIT_S,
        "holds": figures["seconds"] < LIMIT_S,
    }


@contextmanager
def service(folder: Path) -> Iterator[dict[str, str]]:
    """Run a service in ``folder``; give the variables under which its client works."""
    variables = {
        **os.environ,
        "PARK_CONFIG": str(folder / "config.toml"),
        "PARK_STATE_DIR": str(folder / "state"),
        "PARK_CACHE_DIR": str(folder / "cache"),
    }
    serve: list[str | Path] = [PARK, "serve", "--home", folder / "service", "--port", "0"]
    process = subprocess.Popen(serve, env=variables, stderr=subprocess.PIPE, text=True)
    if process.stderr is None or "park serves" not in process.stderr.readline():
        raise RuntimeError("the service did not start")
    try:
        yield variables
    finally:
        process.terminate()
        process.communicate()
