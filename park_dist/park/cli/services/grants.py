"""``park grants``: what other services may read of yours on a service, and until when."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from park.cli.moments import local_second
from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say
from park.wire import encode

if TYPE_CHECKING:
    from park.wire import GrantRecord

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park grants                       what services hold of yours there, newest first
  park grants --all                 those that were given back, revoked or expired as well
  park grants --revoke 1f2e3d4c     at once and for ever
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--all", action="store_true", help="those that open nothing any more, too")
    parser.add_argument("--revoke", metavar="ID", help="revoke one, by its id or the end of it")
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """List the grants, or revoke one."""
    from park.client.submission import grants

    transport = service_of(options).transport
    known = grants.grants(transport)
    if options.revoke:
        grants.revoke(transport, _named(options.revoke, known))
        line = f"grant …{options.revoke[-8:]} revoked"
        print_json({"done": line}) if options.json else say(line)
        return 0
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    shown = [each for each in known if options.all or _is_open(each, moment)]
    if options.json:
        print_json([encode(each) for each in shown])
        return 0
    if not shown:
        say("nothing is lent" if options.all else "nothing is lent now; --all shows what was")
    for each in shown:
        say(_line(each, moment))
    return 0


def _named(end: str, known: list[GrantRecord]) -> str:
    """Return the id that ends so; what is none, or several, the service refuses."""
    found = [each.id for each in known if each.id.endswith(end)]
    return found[0] if len(found) == 1 else end


def _is_open(grant: GrantRecord, moment: str) -> bool:
    return grant.revoked is None and grant.expires > moment


def _line(grant: GrantRecord, moment: str) -> str:
    if grant.revoked is not None:
        until = f"revoked {local_second(grant.revoked)}"
    elif grant.expires <= moment:
        until = f"expired {local_second(grant.expires)}"
    else:
        until = f"until {local_second(grant.expires)}"
        if grant.renewable_until is not None:
            until += f", renewed to {grant.renewable_until[:10]} while needed"
    return f"…{grant.id[-8:]}  {_holder(grant)}  {_opened(grant)}  {until}"


def _holder(grant: GrantRecord) -> str:
    if grant.holder is None:
        return "whoever has it"
    way = "bounced off your agent" if grant.bounced else f"key {grant.holder[:8]}…"
    return f"{grant.lent_to or 'the service'} ({way})"


_MOST_NAMED = 3


def _opened(grant: GrantRecord) -> str:
    named = [*(f"…{job[-8:]}" for job in grant.jobs), *grant.files]
    more = len(named) - _MOST_NAMED
    text = ", ".join(named[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{text}, may end {len(grant.stops)}" if grant.stops else text
