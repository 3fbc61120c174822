"""``park run``: submit a job, follow it, print its result."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from park.cli.jobs.logs import follow
from park.cli.jobs.printed_result import json_of
from park.cli.jobs.result import print_result
from park.cli.options import add_submission, service_of, submitted
from park.cli.output import print_json, tell
from park.errors import JobFailed, ParkError
from park.model.states import JobState

if TYPE_CHECKING:
    from park.client.jobs.submitted_job import Job

__all__ = ["EXAMPLES", "configure", "finished", "run"]

EXAMPLES = """examples:
  park run mymodel:prefit_simulation --arg n=2000
  park run mymodel:fit --file data=run.txt --json
  park run 'mymodel[fast]' mymodel:fit           with what its extra requires
  park run 'sasmodels==1.1.0' sasmodels.core:list_models   a release that is not installed here
What the job prints appears while it runs; --json keeps stdout for the answer.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_submission(parser)


def run(options: argparse.Namespace) -> int:
    """Submit, follow, print; the status is 1 where the job did not complete."""
    job = submitted(service_of(options), options)
    tell(f"job {job.id}")
    return finished(job, as_json=options.json)


def finished(job: Job, *, as_json: bool) -> int:
    """Follow ``job`` to its end and print its result; return the status."""
    try:
        follow(job, out=sys.stderr if as_json else sys.stdout)
    except KeyboardInterrupt:
        tell(f"the job goes on; `park cancel {job.id}` ends it")
        raise
    record = job.ended()
    completed = record.status == JobState.COMPLETED
    if as_json:
        result = json_of(job.encoded_result()) if completed else None
        print_json(
            {
                "id": job.id,
                "status": record.status,
                "result": result,
                "error": record.error,
                "hint": None if completed else _hint(job),
            }
        )
        return 0 if completed else JobFailed.exit_code
    # raises JobFailed, with the reason, where there is no result
    print_result(job.encoded_result())
    return 0


def _hint(job: Job) -> str | None:
    """Return what a person would be told to do about a job that did not complete."""
    try:
        job.encoded_result()
    except ParkError as error:
        return error.hint
    return None
