"""``park unpin``: let jobs that were pinned go like any other."""

from __future__ import annotations

import argparse

from park.cli.options import add_service, service_of

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park unpin 0199…               the policy of the service counts for it again
  park unpin …7f3abc …81d02e     the ends of ids will do
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", nargs="+", help="the id of a job, or its end")
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Unpin each; the first that is not there ends it."""
    service = service_of(options)
    for name in options.job:
        job = service.job(name)
        job.unpin()
        print(f"{job.id}  unpinned")
    return 0
