"""``park export``: a job as one file, which can be run again without the service it was on."""

from __future__ import annotations

import argparse

from park import __version__
from park.cli.option_types import new_file
from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park export …7f3abc -o fit.crate.zip              one job
  park export …7f3abc --workflow -o all.crate.zip   and all that it depends on
  park reproduce fit.crate.zip                      anywhere: is it the same there?
The file is an RO-Crate 1.2, a zip archive: its ro-crate-metadata.json says what is in it.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", help="the id of a job that has ended, or its end")
    parser.add_argument(
        "-o", "--output", type=new_file, required=True, metavar="FILE", help="the file to write"
    )
    parser.add_argument(
        "--workflow",
        action="store_true",
        help="also the jobs that it depends on, however far, on other services of yours too",
    )
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Bring all of it here, and write the file."""
    from park.client.crates.job_to_crate import exported
    from park.client.report import reporter
    from park.client.workflows.graph import job_named
    from park.model.sizes import shown_size

    service = service_of(options)
    with reporter() as report:
        record = exported(
            service.transport,
            job_named(options.job),
            options.output,
            report,
            version=__version__,
            workflow=options.workflow,
        )
    size = options.output.stat().st_size
    if options.json:
        print_json(
            {
                "file": str(options.output),
                "size": size,
                "job": record.job,
                "jobs": [job.id for job in record.jobs],
                "locks": [each.lock_hash for each in record.environments],
                "besides": record.besides,
            }
        )
        return 0
    for job in record.jobs:
        say(f"{job.id}  {job.label}")
    for line in record.besides:
        say(f"not run again: {line}")
    wheels = len({wheel.filename for each in record.environments for wheel in each.wheels})
    jobs = _counted(len(record.jobs), "job")
    say(f"{options.output}: {jobs}, {_counted(wheels, 'wheel')}, {shown_size(size)}")
    return 0


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
