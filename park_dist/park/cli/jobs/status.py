"""``park status``: the state of one job."""

from __future__ import annotations

import argparse

from park.cli.moments import local_second
from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say, say_text
from park.wire import JobRecord, encode

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park status 0199…
  park status 0199… --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", help="the id of a job, or its end")
    parser.add_argument("--traceback", action="store_true", help="with the job's full traceback")
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the record."""
    from park.drawing.memoized import memoized
    from park.drawing.progress_text import progress_text
    from park.drawing.tree import one_line

    job = service_of(options).job(options.job)
    record = job.refresh()
    if options.json:
        print_json(encode(record))
        return 0
    say(f"{record.id}  {record.status}  {one_line(record.label)}")
    _print_what(record)
    say(f"submitted    {local_second(record.submitted)}{_origin(record.submitted_from)}")
    say(f"started      {local_second(record.started) or '-'}")
    say(f"finished     {local_second(record.finished) or '-'}")
    if record.pinned:
        say(f"pinned       {local_second(record.pinned)}")
    if record.logs_removed:
        when = local_second(record.logs_removed)
        say(f"logs         removed {when}, by the policy of the service")
    if record.memoized_from:
        say(f"memoized     {memoized(record.memoized_from)}")
    for file in record.files:
        say(f"file         {file.name} ({file.size} bytes)")
    if record.progress:
        say(f"progress     {one_line(progress_text(record.progress))}")
    if record.request_id:
        say(f"request      {one_line(record.request_id)}")
    if record.error:
        say(f"error        {one_line(record.error)}")
    if options.traceback:
        say_text(f"{job.traceback() or 'no traceback'}\n")
    return 0


def _print_what(record: JobRecord) -> None:
    """Print what a job calls, and where; of a race how far it is."""
    from park.drawing.race_text import race_text
    from park.drawing.tree import one_line

    if record.race is not None:
        say(f"race         {one_line(race_text(record.race))}")
        return
    say(f"calls        {record.entry_point}")
    say(f"lock         {record.lock_hash or 'not bound yet'}")
    say(f"environment  {record.environment or '-'}")
    if record.resources is not None:
        say(f"asks for     {record.resources}")
    if record.remark:
        say(f"where        {one_line(record.remark)}")
    if record.asked_for:
        say(f"asked for    {one_line(record.asked_for)}, which the service did not take")


def _origin(submitted_from: str | None) -> str:
    from park.drawing.tree import one_line

    return f" from {one_line(submitted_from)}" if submitted_from else ""
