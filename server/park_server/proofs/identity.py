"""The identity of a service: its key, in a file of its home, and what is signed with it."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from park_repo.durable import write_over
from park_server.ownership import read_secret
from park_server.proofs.dpop import Use, signed
from park_server.proofs.service_key import ServiceKey

__all__ = ["SCHEME", "ServiceIdentity", "SignedUse"]

SCHEME = "DPoP"
"""The scheme of ``Authorization``, and the header of its proof."""

_NONCE = "DPoP-Nonce"
_UNAUTHORIZED = 401
_MOST_ORIGINS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Keys:
    current: ServiceKey
    before: ServiceKey | None = None


class ServiceIdentity:
    """The key of a service in ``file``, made at its first start, and the one of before.

    What was bound to the key of before is used with that until it ends, unless it was forgotten.
    """

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._before_file = file.with_name(f"{file.name}.before")
        self._clock = clock
        self._nonces: dict[str, str] = {}
        current = ServiceKey.parse(read_secret(file)) if file.exists() else self._made()
        if not self._before_file.exists():  # before any job runs, from which it is hidden by name
            self._write(self._before_file, current)
        before = ServiceKey.parse(read_secret(self._before_file))
        is_another = before.thumbprint != current.thumbprint
        self._keys = _Keys(current=current, before=before if is_another else None)

    @property
    def thumbprint(self) -> str:
        """What names the key, and what a grant is bound to (RFC 7638)."""
        return self._keys.current.thumbprint

    def rotate(self, *, forget: bool = False) -> str:
        """Make another key; return its thumbprint. ``forget``: what was bound before is lost."""
        before, made = self._keys.current, ServiceKey.new()
        self._write(self._before_file, made if forget else before)
        self._write(self._file, made)
        self._keys = _Keys(current=made, before=None if forget else before)
        return self.thumbprint

    def keys_of(self, holder: str | None) -> list[ServiceKey]:
        """Return the keys to try: that of the thumbprint ``holder``, or all, the newest first."""
        known = [each for each in (self._keys.current, self._keys.before) if each is not None]
        return [each for each in known if holder in {None, each.thumbprint}] or known[:1]

    def use(self, token: str, holder: str | None = None) -> SignedUse:
        """Return what signs one request that is made with ``token``."""
        return SignedUse(self, token, holder)

    def proof(self, key: ServiceKey, use: Use) -> str:
        """Return the proof of one use, with the nonce that its service told last."""
        return signed(
            key,
            use,
            nonce=self._nonces.get(_origin(use.url)),
            id=secrets.token_urlsafe(16),
            moment=self._clock(),
        )

    def heard(self, url: str, nonce: str) -> None:
        """Take note of the nonce that the service at ``url`` wants next."""
        if len(self._nonces) >= _MOST_ORIGINS:
            self._nonces.clear()  # asking once more is all that it costs
        self._nonces[_origin(url)] = nonce

    def _made(self) -> ServiceKey:
        key = ServiceKey.new()
        self._write(self._file, key)
        return key

    @staticmethod
    def _write(file: Path, key: ServiceKey) -> None:
        write_over(file, f"{key.text}\n".encode())


@dataclass(frozen=True, slots=True)
class SignedUse(httpx2.Auth):
    """Signs a request as it goes out, and once more where its service names another nonce."""

    identity: ServiceIdentity = field(repr=False)
    token: str = field(repr=False)
    holder: str | None = None

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """See `httpx2.Auth`."""
        url = str(request.url)
        for key in self.identity.keys_of(self.holder):
            for _ in range(2):
                asked = self.identity.proof(
                    key, Use(method=request.method, url=url, token=self.token)
                )
                request.headers["Authorization"] = f"{SCHEME} {self.token}"
                request.headers[SCHEME] = asked
                response = yield request
                nonce = response.headers.get(_NONCE)
                if nonce is not None:
                    self.identity.heard(url, nonce)
                if response.status_code != _UNAUTHORIZED:
                    return
                if nonce is None or not _wants_nonce(response):
                    break


def _wants_nonce(response: httpx2.Response) -> bool:
    return "use_dpop_nonce" in response.headers.get("www-authenticate", "")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
