"""The story of the examples, run again: how long a person waits for it.

Two services, one that reduces and one that fits. What counts begins when the script's own
packages are imported, which a notebook has done before.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.harness.serve_here import PARK, serve_here

__all__ = ["measure_story"]

EXAMPLES = Path(__file__).parents[2] / "examples"
STORY = EXAMPLES / "workflow" / "story.py"
LIMIT_S = 1.0
LOOPBACK = ("--allow-address", "127.0.0.1")

TIMED = """
import sys, time
import mymodel, park, reflectometry.reduction
start = time.perf_counter()
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"))
print("waited", time.perf_counter() - start)
"""


def measure_story(folder: Path, rounds: int) -> dict[str, Any]:
    """Return the seconds of the first run of the story, and those of a rerun."""
    with (
        serve_here(folder / "sns", *_ready(folder / "sns")),
        serve_here(folder / "compufans", *_ready(folder / "compufans"), *LOOPBACK) as (
            _,
            variables,
        ),
    ):
        for name in ("sns", "compufans"):
            url = json.loads((folder / name / "ready").read_text())["url"]
            _park(variables, "service", "add", name, url, "--token-file", _token(folder / name))
        run = _said([sys.executable, EXAMPLES / "platypus.py", folder, "--run"], variables)
        _park(variables, "files", "put", run.strip(), "~/data/", "--service", "sns")
        first = _waited(variables)
        again = [_waited(variables) for _ in range(rounds)]
    return {
        "first_run_s": round(first, 3),
        "rerun_s": round(statistics.median(again), 3),
        "limit_s": LIMIT_S,
    }


def _waited(variables: dict[str, str]) -> float:
    said = _said([sys.executable, "-c", TIMED, STORY], variables)
    return float(said.splitlines()[-1].removeprefix("waited "))


def _ready(folder: Path) -> tuple[str, str]:
    return "--ready-file", str(folder / "ready")


def _token(folder: Path) -> Path:
    return folder / "home" / "token"


def _park(variables: dict[str, str], *arguments: str | Path) -> None:
    _said([PARK, *arguments], variables)


def _said(command: list[str | Path], variables: dict[str, str]) -> str:
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout
