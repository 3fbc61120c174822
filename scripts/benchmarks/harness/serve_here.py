"""A service that runs on loopback while it is measured."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PARK", "serve_here"]

PARK = Path(sys.executable).with_name("park")


@contextmanager
def serve_here(
    folder: Path, *options: str | Path, program: Sequence[str | Path] = (PARK,)
) -> Iterator[tuple[int, dict[str, str]]]:
    """Run a service on the home ``folder/home``; give its process and its clients' variables.

    ``program`` is what serves, ``options`` are further ones of its ``serve``. Raises
    RuntimeError, with what the service said, where it does not start.
    """
    folder.mkdir(exist_ok=True)
    variables = {
        **os.environ,
        "PARK_CONFIG": str(folder / "config.toml"),
        "PARK_STATE_DIR": str(folder / "state"),
        "PARK_CACHE_DIR": str(folder / "cache"),
    }
    argv = [*program, "serve", "--home", folder / "home", "--port", "0", *options]
    with subprocess.Popen(argv, env=variables, stderr=subprocess.PIPE, text=True) as process:
        try:
            await_start(process)
            yield process.pid, variables
        finally:
            process.terminate()
            process.communicate()


def await_start(process: subprocess.Popen[str]) -> None:
    """Read what a service says until it serves; RuntimeError where that never comes."""
    said: list[str] = []
    for line in process.stderr or ():
        if line.startswith("park serves"):
            return
        said.append(line)
    raise RuntimeError(f"the service did not start:\n{''.join(said)}")
