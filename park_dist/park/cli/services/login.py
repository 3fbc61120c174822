"""``park login``: a password or a token, asked for and never an argument, held by the agent."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from park.cli.moments import local_minute
from park.cli.output import say, tell
from park.errors import UsageError
from park.model.durations import parse_duration

if TYPE_CHECKING:
    from park.agent.messages import HoldKey
    from park.client.access.address import Address

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park login compufans                        at its issuer (OpenID), else by a password
  park login compufans --user ada             by a password of that service
  park login compufans --token                asks for a token
  park login compufans --token < FILE         reads it, where there is no terminal
  park login compufans --lifetime 8h --confirm
One login serves all sessions of yours on this machine: the agent holds it, in memory alone.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("service", nargs="?", metavar="NAME|URL", help="which service")
    parser.add_argument("--user", metavar="NAME", help="who you are there (else you are asked)")
    parser.add_argument(
        "--token", action="store_true", help="by a token in place of a password; it is asked for"
    )
    parser.add_argument(
        "--lifetime", metavar="TIME", help="have the agent forget it after that time: 8h"
    )
    parser.add_argument(
        "--confirm", action="store_true", help="have the agent ask you at each use of it"
    )
    parser.add_argument(
        "--keyring",
        action="store_true",
        help="keep it in the system's keyring, too (needs park-dist[keyring])",
    )
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="send it there by plain HTTP, for whoever is on the way to read",
    )


def run(options: argparse.Namespace) -> int:
    """Log in, and have the agent hold what comes of it."""
    from park.agent.client import AgentClient
    from park.client.access.address import meant_service
    from park.client.access.plain_http import require_protected

    lifetime_s = None if options.lifetime is None else _seconds(options.lifetime)
    address = meant_service(options.service, insecure=options.insecure)
    require_protected(address.url, insecure=address.insecure)
    agent = AgentClient().started()  # before anybody types anything
    key = _by_token(address) if options.token else _by_name(address, options.user)
    agent.ask(replace(key, lifetime_s=lifetime_s, confirm=options.confirm, keep=options.keyring))
    say(f"{key.user} at {address.name or address.url}: {_until(key, lifetime_s)}")
    return 0


def _by_token(address: Address) -> HoldKey:
    from park.client.access.first_contact import by_token, terminal

    person = terminal()
    if person is not None:
        return by_token(address, person.ask_secret(f"Token at {address.url}: ").strip())
    return by_token(address, _line_of_stdin("a token"))


def _by_name(address: Address, user: str | None) -> HoldKey:
    """Log in at the issuer that the service names, else, or with ``user``, by password."""
    from park.client.access.first_contact import by_issuer

    key = None if user is not None else by_issuer(address, tell)
    return key or _by_password(address, user)


def _by_password(address: Address, user: str | None) -> HoldKey:
    from park.client.access.first_contact import Terminal, by_password, terminal

    person = terminal()
    if person is None and user is None:
        raise UsageError(
            "who are you there? There is no terminal to ask on",
            hint="park login --user NAME, with the password on stdin; or --token, with a token",
        )
    if person is None:
        password = _line_of_stdin("a password")
        person = Terminal(ask=str, ask_secret=lambda _: password, tell=lambda _: None, tries=1)
    return by_password(address, user, person)


def _line_of_stdin(what: str) -> str:
    line = sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""
    if not line:
        raise UsageError(f"there is no terminal to ask on, and stdin does not have {what}")
    return line


def _seconds(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(
            f"--lifetime {text!r}: {error}", hint="for example --lifetime 8h"
        ) from error


def _until(key: HoldKey, lifetime_s: float | None) -> str:
    """Return how long the login lasts, in words."""
    if lifetime_s is not None:
        return f"held by the agent for {lifetime_s:,.0f} seconds"
    if key.renewable_until is not None:
        return f"held by the agent, and refreshed until {local_minute(key.renewable_until)}"
    if key.expires is not None:
        return f"held by the agent until {local_minute(key.expires)}"
    return "held by the agent"
