"""The version of the API, which each request and each answer says: who understands whom.

A number grows with what the other side must know of: a key that it may not ignore, a route
that is gone, another meaning. What is added, and may be ignored, leaves it as it is: keys that
a reader does not know are no fault. A side names the newest number that it speaks, and the
oldest that it still understands; the two understand each other where these ranges meet.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

__all__ = ["HEADER", "HERE", "Spoken", "said", "strangers"]

HEADER = "Park-Api"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """The numbers that one side speaks, and the release of park that it is."""

    newest: int
    oldest: int
    release: str

    def __str__(self) -> str:
        return f"{self.newest}; oldest={self.oldest}; release={self.release}"


HERE = Spoken(newest=1, oldest=1, release=sys.modules["park"].__version__)
"""1: park 0.1.0. The package is there, being the one that this module is in; to import it from here
would lead to all that it has."""

_FORM = re.compile(r"(\d{1,6}); oldest=(\d{1,6}); release=([0-9A-Za-z.+!-]{1,60})(?:;.*)?")


def said(text: str | None) -> Spoken | None:
    """Return what a header says; None where it says nothing that is known.

    So it is of pip, of curl, and of whatever else asks without being a park.
    """
    found = _FORM.fullmatch(text or "")
    if found is None:
        return None
    return Spoken(newest=int(found[1]), oldest=int(found[2]), release=found[3])


def strangers(client: Spoken, service: Spoken) -> tuple[str, str] | None:
    """Return why the two do not understand each other, and what to do; None where they do."""
    if client.newest < service.oldest:
        return (
            (
                f"this client, park {client.release}, speaks version {client.newest} of the API, "
                f"and the service, park {service.release}, none before {service.oldest}"
            ),
            f"upgrade the client: pip install --upgrade 'park-dist>={service.release}'",
        )
    if service.newest < client.oldest:
        return (
            (
                f"the service, park {service.release}, speaks version {service.newest} of the API, "
                f"and this client, park {client.release}, none before {client.oldest}"
            ),
            (
                "ask the operator of the service to upgrade it, or use the client of its release: "
                f"pip install 'park-dist=={service.release}'"
            ),
        )
    return None
