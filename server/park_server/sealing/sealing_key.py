"""A key that seals texts, and opens them again: AES-SIV (RFC 5297)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from park.errors import UsageError

__all__ = ["KEY_LETTERS", "SealingKey", "is_sealed"]

_BITS = 512
"""AES-256 for each of the two halves: one authenticates, the other encrypts."""

KEY_LETTERS = _BITS // 4
"""Letters of a key as text: each has four bits."""

_SEALED = re.compile(r"park-sealed-([0-9a-f]{8})-([A-Za-z0-9_-]+)")

_CONTENT = b"\x01"
"""Before each text, so that none is empty."""


def is_sealed(text: str) -> bool:
    """Tell whether ``text`` looks like one that some key has sealed."""
    return _SEALED.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A key of 64 random bytes, which never leaves the machine of its service.

    What it seals is the same for the same text, so that a database can tell equal ones by it: jobs
    that share a grant give it back with the last of them. Nothing else is to be learnt of it.
    """

    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> SealingKey:
        """Draw one."""
        return cls(AESSIV.generate_key(_BITS))

    @classmethod
    def parse(cls, text: str) -> SealingKey:
        """Return the key that `text` wrote; raises `UsageError` for what is none."""
        try:
            secret = bytes.fromhex(text)
            AESSIV(secret)
        except ValueError:  # which may quote it
            secret = b""
        if len(secret) * 8 != _BITS:
            raise UsageError(
                "what should be the key that seals what this service keeps is none:"
                f" expected {KEY_LETTERS} hex digits"
            )
        return cls(secret)

    @property
    def text(self) -> str:
        """The key as one word."""
        return self.secret.hex()

    @property
    def name(self) -> str:
        """What tells it from others, and says nothing of it."""
        return self.digest("name")[:8]

    def seal(self, text: str) -> str:
        """Return ``text`` as nobody reads it without the key; letters, digits, ``-`` and ``_``."""
        name = self.name
        hidden = AESSIV(self.secret).encrypt(
            _CONTENT + text.encode("utf-8", "surrogatepass"), [name.encode()]
        )
        return f"park-sealed-{name}-{base64.urlsafe_b64encode(hidden).decode().rstrip('=')}"

    def opened(self, sealed: str) -> str | None:
        """Return what was sealed; None for what this key did not seal, or what was changed."""
        found = _SEALED.fullmatch(sealed)
        if found is None or found[1] != self.name:
            return None
        try:
            hidden = base64.urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
            text = AESSIV(self.secret).decrypt(hidden, [found[1].encode()])
        except (InvalidTag, ValueError):
            return None
        return text.removeprefix(_CONTENT).decode("utf-8", "surrogatepass")

    def digest(self, text: str) -> str:
        """Return what tells ``text`` from others, in hex; without the key it tells nothing of it.

        Of a password its SHA-256 is enough to try all that people choose.
        """
        own = hmac.digest(self.secret, b"park: digests", hashlib.sha256)
        return hmac.digest(own, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()
