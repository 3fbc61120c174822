"""How often a file is asked for that another index fails to give."""

from __future__ import annotations

from park.model.backoff import Backoff

__all__ = ["ATTEMPTS", "BACKOFF", "may_pass"]

ATTEMPTS = 3

BACKOFF = Backoff(first_s=0.5, longest_s=1.0)

_BUSY, _SERVER_ERRORS = 429, 500


def may_pass(status: int) -> bool:
    """Tell whether the same request may succeed later: not after a 404."""
    return status == _BUSY or status >= _SERVER_ERRORS
