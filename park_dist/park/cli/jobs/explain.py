"""``park explain``: why a job ran, or why it did not have to."""

from __future__ import annotations

import argparse

from park.cli.options import add_json, add_service, print_json, service_of
from park.wire import encode

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park explain 0199…
  park explain …7f3abc           the end of an id will do
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", help="the id of a job, or its end")
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the reason, and what there is to add to it."""
    from park.client.workflows.graph import job_named
    from park.client.workflows.memory import explanation
    from park.drawing.tree import one_line

    record = explanation(service_of(options).transport, job_named(options.job))
    if options.json:
        print_json(encode(record))
        return 0
    print(one_line(record.line))
    for line in record.chain:
        print(f"  {one_line(line)}")
    return 0
