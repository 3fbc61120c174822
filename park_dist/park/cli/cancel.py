"""``park cancel``: end a job, and know that it has ended."""

from __future__ import annotations

import argparse

from park.cli.options import add_service, service_of
from park.model.states import JobState

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park cancel 0199…        waits until the job's processes are gone
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", nargs="+", help="the id of a job")
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Cancel each; one that had ended already is said so, and is no error."""
    service = service_of(options)
    for name in options.job:
        status = service.job(name).cancel()
        ended = "" if status == JobState.CANCELLED else " (it had ended before)"
        print(f"{name}  {status}{ended}")
    return 0
