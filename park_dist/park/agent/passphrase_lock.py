"""The lock of an agent: a passphrase that closes it, and opens it again."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace

from park.errors import NotPermitted, UsageError

__all__ = ["Locked"]

_COST = 1 << 14
"""scrypt's N, with r=8 and p=1: some 50 ms and 16 MiB a guess (RFC 7914, section 2)."""

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """A lock that is closed; the passphrase itself is not kept.

    ``wrong`` counts the passphrases that were wrong, ``not_before`` is when the next is looked at.
    """

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    wrong: int = 0
    not_before: float = 0.0

    @classmethod
    def by(cls, passphrase: str, salt: bytes) -> Locked:
        """Return a lock that ``passphrase`` opens; raises `UsageError` for an empty one."""
        if not passphrase:
            raise UsageError("a passphrase that is empty locks nothing")
        return cls(salt=salt, digest=_digest(passphrase, salt))

    def opened(self, passphrase: str, now: float) -> Locked | None:
        """Return None where ``passphrase`` opens it, else the lock as it is after that guess.

        Raises `NotPermitted` where it is too early for one: each wrong one doubles the pause.
        """
        if now < self.not_before:
            raise NotPermitted(
                f"the last passphrase was wrong; the next is looked at in "
                f"{self.not_before - now:.0f} seconds"
            )
        if hmac.compare_digest(_digest(passphrase, self.salt), self.digest):
            return None
        pause = min(_FIRST_PAUSE_S * 2**self.wrong, _LONGEST_PAUSE_S)
        return replace(self, wrong=self.wrong + 1, not_before=now + pause)


def _digest(passphrase: str, salt: bytes) -> bytes:
    secret = passphrase.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=_COST, r=8, p=1)
