"""``park rm``: remove jobs that have ended, with all that they left."""

from __future__ import annotations

import argparse

from park.cli.options import add_service, service_of

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park rm 0199…                  its record, result, logs and files; for good
  park rm …7f3abc …81d02e        the ends of ids will do
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", nargs="+", help="the id of a job, or its end")
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Remove each; the first that cannot be removed ends it."""
    service = service_of(options)
    for name in options.job:
        job = service.job(name)
        job.remove()
        print(f"{job.id}  removed")
    return 0
