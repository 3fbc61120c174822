"""``park admin rotate``: another key for a service, by which other services know it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from park.cli.options import add_action
from park.cli.output import print_json, say

if TYPE_CHECKING:
    from park.client.service import Service

    _Actions = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 (no public name)

__all__ = ["EXAMPLES", "configure"]

EXAMPLES = """  park admin rotate             another key, by which other services know this one
  park admin rotate --forget    and what they lent to it before is lost
"""


def configure(actions: _Actions) -> None:
    """Add the action to those of ``park admin``."""
    text = "make another key of the service, by which others know it"
    rotate = add_action(actions, "rotate", text, _rotate)
    rotate.add_argument(
        "--forget", action="store_true", help="keep the old key for nothing: it was stolen"
    )


def _rotate(service: Service, options: argparse.Namespace) -> None:
    from park.client.access.administration import Administration

    made = Administration(service.transport).rotate_identity(forget=options.forget)
    line = f"the service is known by the key {made} from now on, and seals with another, too"
    print_json({"done": line, "identity": made}) if options.json else say(line)
