"""Uses of grants that are bound to their holder, as the service looks at them that made these."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from park.errors import NotAuthenticated
from park_server.proofs.dpop import read_proof
from park_server.proofs.nonces import Nonces

__all__ = ["CheckedUse", "NonceWanted", "Request", "Uses"]

_CLOCKS_S = 600.0
"""By how much two services' clocks may differ: a nonce tells what is fresh, this what is odd."""


class NonceWanted(NotAuthenticated):
    """The use is to be signed once more, with the nonce that comes with this answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is asked: the path is decoded; ``proofs`` are the values of the header ``DPoP``."""

    method: str
    host: str
    path: str
    proofs: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedUse:
    """Who made a use, by the thumbprint of his key; ``nonce`` is to be told him for the next."""

    holder: str
    nonce: str | None


class Uses:
    """Looks at signed uses; ``url`` is where users reach the service, where that was said.

    For one event loop. ``clock`` is in seconds since the epoch, ``steady`` never goes back.
    """

    def __init__(
        self,
        url: str | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url or "")
        self._base = (parts.netloc.lower(), unquote(parts.path.rstrip("/"))) if url else None
        self._clock = clock
        self._nonces = Nonces(steady)

    def nonce(self) -> str:
        """Return the nonce to be signed with the next use."""
        return self._nonces.current()

    def check(self, token: str, request: Request) -> CheckedUse:
        """Return who uses ``token``; whether he may is another question.

        Raises `NotAuthenticated` where the use is not signed, not as it should be, or came
        before, and `NonceWanted` where another nonce is to be signed.
        """
        if len(request.proofs) != 1:
            raise NotAuthenticated(
                f"the request has {len(request.proofs) or 'no'} proof of possession (DPoP)",
                hint="this grant is bound to the service that it was made for, which signs each"
                " use of it: where that is of an earlier park, update it (pip install -U"
                " park-dist[server])",
            )
        places = [(request.host.lower(), request.path)]
        if self._base is not None:
            places.append((self._base[0], self._base[1] + request.path))
        proof = read_proof(request.proofs[0], method=request.method, places=places, token=token)
        if not self._nonces.is_good(proof.nonce):
            raise NonceWanted("the use is to be signed with a nonce of this service")
        self._require_near(proof.issued)
        if not self._nonces.take(proof.holder, proof.id):
            raise NotAuthenticated("this proof was used before: each is good for one request")
        fresh = self._nonces.is_fresh(proof.nonce)
        return CheckedUse(holder=proof.holder, nonce=None if fresh else self._nonces.current())

    def _require_near(self, issued: float) -> None:
        off = issued - self._clock()
        if abs(off) > _CLOCKS_S:
            when = "in the future" if off > 0 else "ago"
            raise NotAuthenticated(
                f"the proof was made {abs(off):.0f} s {when} by the clock of this service",
                hint="set the clocks of both services: they may differ by ten minutes",
            )
