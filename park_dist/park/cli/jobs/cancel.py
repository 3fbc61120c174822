"""``park cancel``: end jobs, and know that they have ended."""

from __future__ import annotations

import argparse

from park.cli.jobs.each_job import add_jobs
from park.cli.moments import parse_seconds
from park.cli.options import add_service, service_of
from park.cli.output import say
from park.errors import UsageError
from park.model.states import JobState
from park.wire import GRACE_S

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park cancel 0199…                  waits until the job's processes are gone
  park cancel …7f3abc --dependents   with all that needs it; the end of an id will do
  park cancel 0199… --keep           asks it to stop and keep its best (park.should_stop)
  park cancel 0199… --keep --grace 60   and kills it if it goes on for a minute
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_jobs(parser)
    parser.add_argument("--dependents", action="store_true", help="also all that needs it")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="ask it to stop, by park.should_stop() in its body, and keep what it returns then",
    )
    parser.add_argument(
        "--grace",
        metavar="TIME",
        type=parse_seconds,
        help=f"with --keep: kill it if it goes on for so long (default: {GRACE_S:g} s)",
    )
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Cancel each; one that had ended already is said so, and is no error."""
    _check(options)
    service = service_of(options)
    for name in options.job:
        job = service.job(name)
        if options.keep:
            before = job.status
            job.stop(grace=GRACE_S if options.grace is None else options.grace)
            status = job.wait().status
            say(f"{name}  {_kept(status, job.error, had_ended=before.is_final)}")
        else:
            status = job.cancel(dependents=options.dependents)
            ended = "" if status == JobState.CANCELLED else " (it had ended before)"
            say(f"{name}  {status}{ended}")
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.keep and options.dependents:
        raise UsageError(
            "--keep with --dependents: what needs a job goes on with the best that it keeps",
            hint="leave out one of them",
        )
    if options.grace is not None and not options.keep:
        raise UsageError("--grace without --keep", hint="a job that is cancelled keeps nothing")


def _kept(status: JobState, error: str | None, *, had_ended: bool) -> str:
    if had_ended:
        return f"{status} (it had ended before)"
    return f"{status}: {error}" if error else str(status)
