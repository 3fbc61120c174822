"""``park jobs``: list your jobs, newest first."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from park.cli.moments import parse_since
from park.cli.option_types import at_least_one
from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say, tell
from park.errors import ParkError
from park.model.states import JobState
from park.wire import JobRecord, encode

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park jobs
  park jobs --since 2h --label film         those with film in their label
  park jobs --everywhere --mine             on all of your services, from this account alone
  park jobs --status running --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--status", choices=[str(state) for state in JobState], help="only those in this state"
    )
    parser.add_argument(
        "--since",
        metavar="WHEN",
        help="only those submitted since: 2h or 3d ago, 2026-11-27, 2026-11-27T14:30",
    )
    parser.add_argument("--label", metavar="TEXT", help="only those with TEXT in their label")
    parser.add_argument(
        "--mine", action="store_true", help="only those that this account on this machine submitted"
    )
    parser.add_argument(
        "--limit", type=at_least_one, default=50, metavar="N", help="at most N (50)"
    )
    where = parser.add_mutually_exclusive_group()
    add_service(where)
    where.add_argument(
        "--everywhere", action="store_true", help="on all of your services, not the default alone"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print one line for each."""
    from park.drawing.job_table import job_table
    from park.drawing.look import glyphs_for

    now = datetime.now(UTC)
    found = list(_records(options, now))
    newest = sorted(found, key=lambda pair: pair[1].submitted, reverse=True)[: options.limit]
    if options.json:
        print_json([encode(record) for _, record in newest])
        return 0
    if not newest:
        say(_none(options))
        return 0
    for line in job_table(newest, now, ellipsis=glyphs_for(sys.stdout).ellipsis):
        say(line)
    return 0


def _records(options: argparse.Namespace, now: datetime) -> Iterator[tuple[str, JobRecord]]:
    """Yield each job with the name of its service; one that does not answer is told of."""
    from park.client.access.known_services import service_names

    since = None if options.since is None else parse_since(options.since, now)
    name_of = service_names()
    for name in _services(options):
        options.service = name
        service = service_of(options)
        try:
            records = service.job_records(
                status=options.status,
                since=since,
                label=options.label,
                mine=options.mine,
                limit=options.limit,
            )
        except ParkError as error:
            if not options.everywhere:
                raise
            tell(f"park: {name}: {error.message}")
            continue
        yield from ((name_of(service.url), record) for record in records)


def _none(options: argparse.Namespace) -> str:
    """Say that nothing was found: an empty answer could as well be a question that went wrong."""
    chosen = (options.status, options.since, options.label, options.mine or None)
    if any(each is not None for each in chosen):
        return "none of your jobs is such a one; `park jobs` shows all"
    return "you have no jobs there; `park run MODULE:FUNCTION` makes one"


def _services(options: argparse.Namespace) -> list[str | None]:
    if not options.everywhere:
        return [options.service]
    from park.client.access.config import Configuration, configuration_file

    return [each.name for each in Configuration(configuration_file()).services()]
