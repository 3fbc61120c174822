"""``park token``: list, make and revoke your own tokens."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from park.cli.moments import local_second
from park.cli.options import add_action, service_of
from park.cli.output import print_json, say
from park.cli.services.people import add_token_options, print_new, print_tokens, token_request
from park.wire import encode

if TYPE_CHECKING:
    from park.client.access.administration import Tokens

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park token who                                   who you are there, and what you may do
  park token list
  park token make --role query --for 30d --note CI  narrower than yours, printed once
  park token make --audience index > ~/.park-index  for pip and uv: opens the index alone
  park token revoke 1f2e3d4c                       with all that was made of it
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add_action(actions, "who", "say who you are there, and what you may do", _who)
    add_action(actions, "list", "list your tokens, newest first", _list)
    make = add_action(actions, "make", "make a narrower token, and print it once", _make)
    make.add_argument(
        "--role", action="append", default=[], metavar="ROLE", help="query, … (else all of yours)"
    )
    add_token_options(make)
    revoke = add_action(actions, "revoke", "revoke a token, with what was made of it", _revoke)
    revoke.add_argument("token", metavar="ID", help="its id, or the end of it")


def run(options: argparse.Namespace) -> int:
    """Do the action."""
    from park.client.access.administration import Tokens

    options.act(Tokens(service_of(options).transport), options)
    return 0


def _who(tokens: Tokens, options: argparse.Namespace) -> None:
    who = tokens.whoami()
    if options.json:
        print_json(encode(who))
        return
    groups = f", in {', '.join(who.groups)}" if who.groups else ""
    until = "without an end" if who.expires_at is None else f"until {local_second(who.expires_at)}"
    say(f"{who.user}{groups}: {', '.join(who.roles) or 'nothing'}")
    say(f"  with a token of the class {who.kind}, for the {who.audience}, {until}")


def _list(tokens: Tokens, options: argparse.Namespace) -> None:
    print_tokens(tokens.listing(), options)


def _make(tokens: Tokens, options: argparse.Namespace) -> None:
    print_new(tokens.make(token_request(options)), options)


def _revoke(tokens: Tokens, options: argparse.Namespace) -> None:
    tokens.revoke(options.token)
    line = f"token …{options.token[-8:]} revoked, with what was made of it"
    print_json({"done": line}) if options.json else say(line)
