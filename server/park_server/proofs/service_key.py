"""The key by which a service shows other services who it is: Ed25519, named by its thumbprint."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Final

from joserfc.jwk import OKPKey

from park.errors import UsageError

__all__ = ["ServiceKey", "is_thumbprint", "thumbprint_of"]

CURVE: Final = "Ed25519"

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
"""SHA-256 in base64url without padding (RFC 7638)."""


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """A private key; ``thumbprint`` (RFC 7638) names it, and ``public`` is what others check."""

    jwk: OKPKey = field(repr=False)
    thumbprint: str
    public: dict[str, str] = field(repr=False)

    @classmethod
    def new(cls) -> ServiceKey:
        """Draw one."""
        return cls._of(OKPKey.generate_key(CURVE))

    @classmethod
    def parse(cls, text: str) -> ServiceKey:
        """Return the key that `text` wrote; raises `UsageError` for what is none."""
        try:
            return cls._of(_of_seed(base64.urlsafe_b64decode(text + "=")))
        except ValueError as error:
            raise UsageError("what should be the key of this service is none") from error

    @classmethod
    def _of(cls, jwk: OKPKey) -> ServiceKey:
        public = {name: str(jwk.as_dict(private=False)[name]) for name in ("kty", "crv", "x")}
        return cls(jwk, thumbprint_of(jwk), public)

    @property
    def text(self) -> str:
        """The private key as one word: its seed in base64url."""
        return str(self.jwk.as_dict(private=True)["d"])


def thumbprint_of(jwk: OKPKey) -> str:
    """Return the name of a key, the same for its private and its public half."""
    return str(jwk.thumbprint())


def is_thumbprint(text: str) -> bool:
    """Tell whether ``text`` can name a key."""
    return _THUMBPRINT.fullmatch(text) is not None


def _of_seed(seed: bytes) -> OKPKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    x = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return OKPKey.import_key({"kty": "OKP", "crv": CURVE, "d": _word(seed), "x": _word(x)})


def _word(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
