"""``park logout``: the agent forgets a login, and its service revokes the token."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from park.cli.output import say
from park.errors import NotAuthenticated, ParkError

if TYPE_CHECKING:
    from park.agent.messages import Token
    from park.client.access.address import Address

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park logout compufans
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("service", nargs="?", metavar="NAME|URL", help="which service")
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="revoke the token by plain HTTP, for whoever is on the way to read",
    )


def run(options: argparse.Namespace) -> int:
    """Have the token revoked, and forgotten whatever becomes of that."""
    from park.agent.client import AgentClient
    from park.agent.messages import ForgetKey, GetToken, Token
    from park.client.access.address import meant_service

    address = meant_service(options.service, insecure=options.insecure)
    agent = AgentClient()
    why = ""
    try:
        token = agent.ask(GetToken(service=address.url, reason="park logout"))
    except ParkError as refusal:  # each use is to be confirmed, and nobody is there to do it
        token, why = None, f" ({refusal.message})"
    agent.ask(ForgetKey(service=address.url))
    where = address.name or address.url
    if isinstance(token, Token) and token.id:
        told = _revoked(address, token)
        say(f"logged out of {where}; {told}")
    else:
        kept = "the agent has forgotten the token, which stays valid there"
        say(f"logged out of {where}: {kept}{why}")
    return 0


def _revoked(address: Address, token: Token) -> str:
    """Have the service revoke the token; return what became of it."""
    from park.client.access.transport import Transport
    from park.wire import API

    transport = Transport(replace(address, token=token.token))
    try:
        transport.delete(f"{API}/tokens/{token.id}")
    except NotAuthenticated:
        return "its token was worth nothing any more"
    except ParkError as error:
        return f"its token could not be revoked: {error.message}"
    finally:
        transport.close()
    return "its token is revoked"
