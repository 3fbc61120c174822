"""What commands share that tell a reason: of which job, and that it is lines, or one document."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from park.cli.options import add_json, add_service, transport_of
from park.cli.output import print_json, say
from park.wire import encode

if TYPE_CHECKING:
    from park.client.access.transport import Transport
    from park.wire import WhyRecord

__all__ = ["add_reason", "print_reason"]


def add_reason(parser: argparse.ArgumentParser, *, of: str) -> None:
    """Add the arguments: ``of`` says what it may be the reason of."""
    parser.add_argument("job", metavar="JOB", help=f"the id of {of}, or its end")
    add_service(parser)
    add_json(parser)


def print_reason(
    options: argparse.Namespace,
    ask: Callable[[Transport, str], WhyRecord],
    lines: Callable[[WhyRecord], Iterable[str]],
) -> int:
    """Print what ``ask`` learns of the job, as its ``lines`` or as JSON; return the status."""
    from park.client.workflows.graph import job_named

    record = ask(transport_of(options), job_named(options.job))
    if options.json:
        print_json(encode(record))
    else:
        for line in lines(record):
            say(line)
    return 0
