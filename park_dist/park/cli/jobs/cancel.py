"""``park cancel``: end jobs, and know that they have ended."""

from __future__ import annotations

import argparse

from park.cli.options import add_service, service_of
from park.model.states import JobState

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park cancel 0199…                  waits until the job's processes are gone
  park cancel …7f3abc --dependents   with all that needs it; the end of an id will do
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", nargs="+", help="the id of a job, or its end")
    parser.add_argument("--dependents", action="store_true", help="also all that needs it")
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Cancel each; one that had ended already is said so, and is no error."""
    service = service_of(options)
    for name in options.job:
        status = service.job(name).cancel(dependents=options.dependents)
        ended = "" if status == JobState.CANCELLED else " (it had ended before)"
        print(f"{name}  {status}{ended}")
    return 0
