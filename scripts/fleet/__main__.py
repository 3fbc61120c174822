"""scripts/simulate: replay a fleet and print what the scheduler takes for it."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

import uvloop

from fleet.replay import replayed
from fleet.world import Fleet

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Run; every fact of the fleet is an option."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    for each in fields(Fleet):
        default = each.default
        kind = type(default)
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=kind, default=default)
    fleet = Fleet(**vars(parser.parse_args(arguments)))
    with tempfile.TemporaryDirectory(prefix="park-fleet-") as folder:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(replayed(Path(folder), fleet))
        print(*found.lines(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
