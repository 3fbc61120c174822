"""What a command does with each of the jobs that it names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from park.cli.options import service_of
from park.cli.output import say

if TYPE_CHECKING:
    from park.client.jobs.submitted_job import Job

__all__ = ["add_jobs", "with_each_job"]


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names them."""
    parser.add_argument("job", metavar="JOB", nargs="+", help="the id of a job, or its end")


def with_each_job(options: argparse.Namespace, do: Callable[[Job], object], done: str) -> int:
    """Do it with each in turn, and say that it is ``done``; the first that fails ends it."""
    service = service_of(options)
    for name in options.job:
        job = service.job(name)
        do(job)
        say(f"{job.id}  {done}")
    return 0
