"""A token in place of one that ends soon, from the service that it is of."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from park.agent.keys import Key
from park.agent.messages import Token
from park.agent.service_requests import asked
from park.errors import ServiceFault

__all__ = ["moment", "refreshed_token", "token_of"]

_PATH = "/api/v1/tokens/refresh"


def refreshed_token(key: Key) -> tuple[Token, float | None]:
    """Return a new token for that of ``key``, and until when that one is refreshed.

    Raises `InsecureTransport`, `ServiceUnreachable`, `ServiceFault`, or what the service says:
    `NotAuthenticated` where it is not refreshed any more.
    """
    return token_of(asked(key, "POST", _PATH, {}))


def token_of(text: bytes) -> tuple[Token, float | None]:
    """Return the token in the answer to a login, and until when it is refreshed."""
    try:
        record: Any = json.loads(text)
        token = Token(
            token=str(record["token"]),
            expires=moment(record.get("expires_at")),
            user=str(record.get("user", "")),
            id=str(record.get("id", "")),
        )
        return token, moment(record.get("renewable_until"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ServiceFault("the service answered a login with no token") from None


def moment(text: str | None) -> float | None:
    """Return an RFC 3339 moment in seconds since the epoch; raises `ValueError`."""
    return None if text is None else datetime.fromisoformat(text).timestamp()
