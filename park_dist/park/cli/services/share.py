"""``park share``: let others run what is in your working trees of a project."""

from __future__ import annotations

import argparse
from urllib.parse import quote

from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say
from park.errors import UsageError
from park.wire import API, ShareRecord, decode, encode

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park share mymodel                        with whom you share it
  park share mymodel --with bob             he may run jobs in its environments
  park share mymodel --with reflectometry   all who are in the group
  park share mymodel --without bob          no more; what runs goes on
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("project", metavar="PROJECT", help="the project that you work on")
    parser.add_argument(
        "--with", dest="with_", action="append", default=[], metavar="USER|GROUP", help="share it"
    )
    parser.add_argument(
        "--without", action="append", default=[], metavar="USER|GROUP", help="share it no more"
    )
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Change what is asked for, and print with whom the project is shared then."""
    if both := {*options.with_} & {*options.without}:
        raise UsageError(f"{', '.join(sorted(both))}: with, and without")
    transport = service_of(options).transport
    place = f"{API}/index/projects/{quote(options.project, safe='')}/shares"
    for whom in options.with_:
        transport.json("PUT", f"{place}/{quote(whom, safe='')}")
    for whom in options.without:
        transport.json("DELETE", f"{place}/{quote(whom, safe='')}")
    shares = [decode(ShareRecord, each) for each in transport.json("GET", place)]
    if options.json:
        print_json([encode(share) for share in shares])
    elif not shares:
        say(f"{options.project} is yours alone")
    for share in [] if options.json else shares:
        say(f"{share.project} with {share.whom.replace(':', ' ')} since {share.created[:10]}")
    return 0
