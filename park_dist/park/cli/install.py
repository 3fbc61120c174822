"""``park install``: make the code there be the code here."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from park.cli.options import add_json, add_service, print_json, service_of
from park.cli.report import reporter

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park install mymodel               a module that this Python can import
  park install ./mymodel             a source tree
  park install mymodel --json        for programs
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("target", metavar="MODULE", help="a module, or the path of a source tree")
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Install and say what was done."""
    with reporter() as report:
        outcome = service_of(options).install(options.target, report=report)
    if options.json:
        print_json(asdict(outcome))
        return 0
    made = "made" if outcome.realised else "already there"
    print(f"{outcome.project} {outcome.version} on Python {outcome.python}: environment {made}")
    print(f"lock {outcome.lock_hash}")
    for change in outcome.added:
        print(f"added by the service's platform: {change}")
    return 0
