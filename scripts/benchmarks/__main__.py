"""``scripts/bench NAME…``: print each figure beside its yardstick of the same run, as JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform

BENCHMARKS = {
    "import": "import_park",
    "env": "env",
    "install": "install",
    "index": "index",
    "busy": "index_busy",
    "versions": "many_versions",
    "build": "build",
    "fit": "fit",
    "jobs": "jobs",
    "steps": "steps",
    "cost": "cost",
    "workflow": "workflow",
    "memo": "memo",
    "peers": "peers",
    "trust": "trust",
    "cluster": "cluster",
    "page": "page",
}


def main() -> None:
    """Run the benchmarks that are named, in their order."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="+", choices=BENCHMARKS, metavar="|".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, help="rounds of each measurement")
    parser.add_argument(
        "--peers", action="store_true", help="the same jobs on other systems that are installed"
    )
    options = parser.parse_args()
    if options.peers:
        options.names.append("peers")
    figures = {
        name: importlib.import_module(f"benchmarks.{BENCHMARKS[name]}").measure(options.rounds)
        for name in options.names
    }
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
    }
    print(json.dumps({"machine": machine, **figures}, indent=2))


if __name__ == "__main__":
    main()
