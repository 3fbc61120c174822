"""``park rm``: remove jobs that have ended, with all that they left."""

from __future__ import annotations

import argparse

from park.cli.jobs.each_job import add_jobs, with_each_job
from park.cli.options import add_service

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park rm 0199…                  its record, result, logs and files; for good
  park rm …7f3abc …81d02e        the ends of ids will do
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_jobs(parser)
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Remove each; the first that cannot be removed ends it."""
    return with_each_job(options, lambda job: job.remove(), "removed")
