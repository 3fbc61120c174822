"""DPoP proofs (RFC 9449): what is signed of one use of a token, and what is looked at in it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from park.errors import NotAuthenticated
from park_server.proofs.service_key import CURVE, ServiceKey, thumbprint_of

__all__ = ["Proof", "Use", "read_proof", "signed"]

_TYPE = "dpop+jwt"
_LONGEST = 4_096
"""Bytes of a proof: those of an Ed25519 key have about 600."""

_LONGEST_ID = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """A request that is made with a token: its method, and its URL."""

    method: str
    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What a proof says that is right as far as it can be told without anything to remember.

    ``id`` is the ``jti``, ``issued`` seconds since the epoch, ``holder`` the thumbprint of the key.
    """

    holder: str
    id: str
    issued: float
    nonce: str | None


def signed(key: ServiceKey, use: Use, *, nonce: str | None, id: str, moment: float) -> str:  # noqa: A002
    """Return the proof that the holder of ``key`` makes this ``use`` at ``moment``, once."""
    claims = {
        "jti": id,
        "htm": use.method,
        "htu": _without_query(use.url),
        "iat": int(moment),
        "ath": _hash(use.token),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    header = {"typ": _TYPE, "alg": CURVE, "jwk": key.public}
    payload = json.dumps(claims, separators=(",", ":")).encode()
    return jws.serialize_compact(header, payload, key.jwk, algorithms=[CURVE])


def read_proof(text: str, *, method: str, places: Collection[tuple[str, str]], token: str) -> Proof:
    """Return what a proof says; ``places`` are the hosts and paths (decoded) of the request.

    Raises `NotAuthenticated` for one that is not signed by the key in it, or that is for
    another method, another URL or another token.
    """
    header, claims = _verified(text)
    if claims.get("htm") != method:
        raise _wrong(f"is for {_shown(claims.get('htm'))} and not for {method}")
    if _place(claims.get("htu")) not in places:
        raise _wrong(f"is for {_shown(claims.get('htu'))}, which is not what is asked for")
    if claims.get("ath") != _hash(token):
        raise _wrong("is for another token")
    jti, issued, nonce = (claims.get(name) for name in ("jti", "iat", "nonce"))
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_ID:
        raise _wrong("has no jti of a usual length")
    if isinstance(issued, bool) or not isinstance(issued, (int, float)):
        raise _wrong("does not say when it was made (iat)")
    if nonce is not None and not isinstance(nonce, str):
        raise _wrong("has a nonce that is no text")
    return Proof(holder=thumbprint_of(header), id=jti, issued=issued, nonce=nonce)


def _verified(text: str) -> tuple[OKPKey, dict[str, Any]]:
    """Return the key in a proof, and what was signed with it."""
    if len(text) > _LONGEST:
        raise _wrong(f"has more than {_LONGEST} bytes")
    try:
        header = jws.extract_compact(text.encode("ascii")).headers()
        public = header.get("jwk")
        if header.get("typ") != _TYPE or header.get("alg") != CURVE:
            raise _wrong(f"is no {_TYPE} of the algorithm {CURVE}")
        if not isinstance(public, dict) or "d" in public or public.get("crv") != CURVE:
            raise _wrong(f"has no public key of the curve {CURVE} in it")
        key = OKPKey.import_key({name: public[name] for name in ("kty", "crv", "x")})
        claims = json.loads(jws.deserialize_compact(text, key, algorithms=[CURVE]).payload)
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _wrong("is not signed by the key in it") from error
    if not isinstance(claims, dict):
        raise _wrong("says nothing")
    return key, claims


def _place(url: object) -> tuple[str, str] | None:
    """Return host and path of a URL. Its scheme may differ: TLS may end before the service."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.netloc.lower(), unquote(parts.path, errors="surrogateescape")


def _without_query(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))


def _hash(token: str) -> str:
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


_MOST_SHOWN = 120


def _shown(value: object) -> str:
    return str(value)[:_MOST_SHOWN]


def _wrong(what: str) -> NotAuthenticated:
    return NotAuthenticated(
        f"the proof of this use (DPoP) {what}",
        hint="each use of a grant is signed by the service that it is bound to: RFC 9449",
    )
