"""``park logs``: what a job wrote to stdout and stderr, also while it runs."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING, TextIO

from park.cli.log_output import LogOutput
from park.cli.options import add_service, service_of

if TYPE_CHECKING:
    from park.client.jobs.submitted_job import Job

__all__ = ["EXAMPLES", "configure", "follow", "run"]

EXAMPLES = """examples:
  park logs 0199…          what it has written so far
  park logs -f 0199…       go on until it ends
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", help="the id of a job, or its end")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the job ends")
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Print both streams, each to its own."""
    job = service_of(options).job(options.job)
    if options.follow:
        follow(job, out=sys.stdout)
    else:
        for stream, out in (("stdout", sys.stdout), ("stderr", sys.stderr)):
            with closing(LogOutput(out)) as shown:
                shown.write(job.logs(stream))
    return 0


def follow(job: Job, *, out: TextIO) -> None:
    """Print what ``job`` writes as it comes, its stdout to ``out``, until it ends."""
    with closing(LogOutput(out)) as stdout, closing(LogOutput(sys.stderr)) as stderr:
        for stream, text in job.follow():
            (stdout if stream == "stdout" else stderr).write(text)
