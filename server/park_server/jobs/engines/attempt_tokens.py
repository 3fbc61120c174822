"""A token for one attempt of one job, made from a key of the service: nothing of it is kept.

It is good for as long as the attempt runs, as whoever takes it sees to; after a restart of the
service it is the same.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from park.model.ids import JobId

__all__ = ["PREFIX", "AttemptTokens"]

PREFIX = "parknode_"


@dataclass(frozen=True, slots=True)
class AttemptTokens:
    """Makes and reads them, by a secret ``key``."""

    key: bytes = field(repr=False)

    def token(self, job: JobId, attempt: int) -> str:
        """Return the token of an attempt."""
        return f"{PREFIX}{job}.{attempt}.{self._seal(job, attempt)}"

    def attempt_of(self, token: str) -> tuple[JobId, int] | None:
        """Return whose ``token`` it is; None for any that was not made with this key."""
        parts = token.removeprefix(PREFIX).split(".")
        if not token.startswith(PREFIX) or len(parts) != 3 or not parts[1].isdecimal():  # noqa: PLR2004 (job, attempt, seal)
            return None
        job, attempt = JobId(parts[0]), int(parts[1][:9])
        is_ours = hmac.compare_digest(self._seal(job, attempt).encode(), parts[2].encode())
        return (job, attempt) if is_ours else None

    def _seal(self, job: JobId, attempt: int) -> str:
        text = f"{job}.{attempt}".encode()
        return hmac.new(self.key, text, hashlib.sha256).hexdigest()
