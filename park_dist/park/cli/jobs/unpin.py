"""``park unpin``: let jobs that were pinned go like any other."""

from __future__ import annotations

import argparse

from park.cli.jobs.each_job import add_jobs, with_each_job
from park.cli.options import add_service

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park unpin 0199…               the policy of the service counts for it again
  park unpin …7f3abc …81d02e     the ends of ids will do
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_jobs(parser)
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Unpin each; the first that is not there ends it."""
    return with_each_job(options, lambda job: job.unpin(), "unpinned")
