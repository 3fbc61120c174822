"""``park why``: why a job or an install is not done, or why it failed or was cancelled."""

from __future__ import annotations

import argparse

from park.cli.options import add_json, add_service, print_json, service_of
from park.wire import encode

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park why 0199…
  park why …7f3abc                 the end of an id will do
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", help="the id of a job or an install, or its end")
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the line, and below it the chain of causes."""
    from park.client.workflows.graph import job_named, why
    from park.drawing.tree import one_line

    record = why(service_of(options).transport, job_named(options.job))
    if options.json:
        print_json(encode(record))
        return 0
    print(f"{record.status}: {one_line(record.line)}" if record.line else record.status)
    for cause in record.chain:
        print(f"  {_indentation(cause)}{one_line(cause)}")
    return 0


def _indentation(cause: str) -> str:
    """Return the spaces that say under which cause this one stands; not more than fit."""
    return " " * min(len(cause) - len(cause.lstrip(" ")), _DEEPEST)


_DEEPEST = 24
