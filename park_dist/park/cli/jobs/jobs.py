"""``park jobs``: list your jobs, newest first."""

from __future__ import annotations

import argparse

from park.cli.options import add_json, add_service, print_json, service_of
from park.model.states import JobState
from park.wire import encode

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park jobs
  park jobs --status running --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--status", choices=[str(state) for state in JobState], help="only those in this state"
    )
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="at most N (50)")
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print one line for each."""
    records = service_of(options).job_records(status=options.status, limit=options.limit)
    if options.json:
        print_json([encode(record) for record in records])
        return 0
    for record in records:
        error = f"  {record.error}" if record.error else ""
        print(f"{record.id}  {record.status:<9}  {record.entry_point}{error}")
    return 0
