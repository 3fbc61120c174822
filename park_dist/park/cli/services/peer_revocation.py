"""``park admin revoke-peer``: all that another service was lent, ended at once."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from park.cli.options import add_action
from park.cli.output import print_json, say

if TYPE_CHECKING:
    from park.client.service import Service

    _Actions = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 (no public name)

__all__ = ["EXAMPLES", "configure"]

EXAMPLES = """  park admin revoke-peer https://sns.example.org    what anybody lent to that service
"""


def configure(actions: _Actions) -> None:
    """Add the action to those of ``park admin``."""
    text = "revoke all that another service was lent, by whomever"
    revoke = add_action(actions, "revoke-peer", text, _revoke_peer)
    revoke.add_argument("peer", metavar="PEER", help="its URL, or what names its key")


def _revoke_peer(service: Service, options: argparse.Namespace) -> None:
    from park.client.access.administration import Administration
    from park.wire import encode

    record = Administration(service.transport).revoke_peer(options.peer)
    keys = f", with {len(record.keys)} keys" if record.keys else ""
    line = f"{record.peer} has nothing more of this service: {record.grants} grants revoked{keys}"
    print_json({"done": line, **encode(record)}) if options.json else say(line)
