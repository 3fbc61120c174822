"""``park pin``: keep jobs, whatever the policy of the service."""

from __future__ import annotations

import argparse

from park.cli.options import add_service, service_of

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park pin 0199…                 its record, result, logs, events and files stay
  park pin …7f3abc …81d02e       the ends of ids will do
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", nargs="+", help="the id of a job, or its end")
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Pin each; the first that is not there ends it."""
    service = service_of(options)
    for name in options.job:
        job = service.job(name)
        job.pin()
        print(f"{job.id}  pinned")
    return 0
