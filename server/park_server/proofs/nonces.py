"""Nonces that a service has others sign, and what was signed with them: each proof counts once.

A nonce says when it was made, in a way that only this service can have written, so none is
kept. The store of what was used is bounded: where it is full all nonces end, so that nothing
in it can come again, and it is emptied.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import struct
from collections.abc import Callable

__all__ = ["LIFE_S", "Nonces"]

LIFE_S = 300.0
"""How long a nonce is good for; a new one comes with each answer after half of that."""

MOST_USES = 100_000
"""Proofs that are remembered: some 20 MB."""

_MOMENT = struct.Struct(">d")
_MAC_BYTES = 16


class Nonces:
    """For one event loop; ``clock`` in seconds."""

    def __init__(self, clock: Callable[[], float], most_uses: int = MOST_USES) -> None:
        self._clock = clock
        self._most = most_uses
        self._secret = os.urandom(32)
        self._used: dict[tuple[str, str], float] = {}
        self._latest: tuple[float, str] | None = None

    def current(self) -> str:
        """Return a nonce that is good for at least half of its life."""
        now = self._clock()
        if self._latest is None or now - self._latest[0] > LIFE_S / 2:
            made = _MOMENT.pack(now)
            text = base64.urlsafe_b64encode(made + self._mac(made)).decode("ascii")
            self._latest = (now, text)
        return self._latest[1]

    def is_good(self, nonce: str | None) -> bool:
        """Tell whether this service made ``nonce``, a short while ago."""
        made = self._made(nonce)
        return made is not None and 0.0 <= self._clock() - made <= LIFE_S

    def is_fresh(self, nonce: str | None) -> bool:
        """Tell whether ``nonce`` will be good for a while."""
        made = self._made(nonce)
        return made is not None and self._clock() - made <= LIFE_S / 2

    def take(self, holder: str, id: str) -> bool:  # noqa: A002 (the claim's name)
        """Note a proof with a good nonce; return False where it came before."""
        if (holder, id) in self._used:
            return False
        if len(self._used) >= self._most:
            self._forget()
        self._used[holder, id] = self._clock()
        return True

    def _forget(self) -> None:
        """Forget proofs whose nonce is over; where that is none of them, end all nonces."""
        over = self._clock() - LIFE_S
        # in the order in which they came; the nonce of each was older than its use
        self._used = {key: moment for key, moment in self._used.items() if moment >= over}
        if len(self._used) > self._most // 2:
            self._secret, self._latest, self._used = os.urandom(32), None, {}

    def _made(self, nonce: str | None) -> float | None:
        if nonce is None:
            return None
        try:
            data = base64.urlsafe_b64decode(nonce)
            made, mac = data[: _MOMENT.size], data[_MOMENT.size :]
        except (ValueError, binascii.Error):
            return None
        if not hmac.compare_digest(mac, self._mac(made)):
            return None
        return float(_MOMENT.unpack(made)[0])

    def _mac(self, made: bytes) -> bytes:
        return hmac.digest(self._secret, made, hashlib.sha256)[:_MAC_BYTES]
