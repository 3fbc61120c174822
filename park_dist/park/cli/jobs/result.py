"""``park result``: wait for a job and print what it returned."""

from __future__ import annotations

import argparse

from park.cli.jobs.printed_result import json_of, pickle_lines, text_of
from park.cli.moments import parse_seconds
from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say_text, tell
from park.client.access.known_services import option_for
from park.errors import ParkError

__all__ = ["EXAMPLES", "configure", "print_result", "run"]

EXAMPLES = """examples:
  park result 0199…                  waits until there is one
  park result 0199… --timeout 60     but not for ever
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", help="the id of a job, or its end")
    parser.add_argument(
        "--timeout", type=parse_seconds, metavar="TIME", help="how long to wait: 90 (s), 10m, 2h"
    )
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the result: as JSON, but for what JSON has no form for where people read it."""
    job = service_of(options).job(options.job)
    try:
        document = job.encoded_result(options.timeout)
    except TimeoutError as error:
        on = option_for(job.transport.address.url)
        raise ParkError(
            str(error), hint=f"it goes on; `park logs -f{on} {job.id}` follows it"
        ) from error
    if options.json:
        print_json(json_of(document))
    else:
        print_result(document)
    return 0


def print_result(document: object) -> None:
    """Print an encoded result for people, and on stderr where its pickles are."""
    say_text(f"{text_of(document)}\n")
    for line in pickle_lines(document):
        tell(line)
