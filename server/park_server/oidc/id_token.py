"""ID tokens of OpenID Connect: whose they are, once all in them is as it should be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from park.errors import NotAuthenticated

__all__ = ["Person", "checked_id_token"]

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519"]
"""Signatures by a key that the issuer alone has; a shared secret is none, and no signature less."""

_LONGEST_SUBJECT = 255
"""Of ASCII characters, as OpenID Connect Core has it in section 2."""

_LEEWAY_S = 60.0
"""By how much the issuer's clock may differ."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who has logged in at an issuer: the ``subject``, and the groups that are told of him."""

    subject: str
    groups: tuple[str, ...] = ()


def checked_id_token(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client: str,
    nonce: str,
    groups_claim: str,
    now: float,
) -> Person:
    """Return whom ``token`` is about (OpenID Connect Core, 3.1.3.7).

    Raises `NotAuthenticated` unless ``issuer`` signed it with one of its ``keys``, for this
    ``client`` and for the login that ``nonce`` was drawn for, and it is good ``now``. Issuers may
    know no nonce in the device flow (RFC 8628 has none): one that leaves it out has answered to a
    code that this service alone has, over TLS.
    """
    claims = _signed(token, keys)
    if claims.get("iss") != issuer:
        raise _wrong("is of another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client not in audiences or (len(audiences) > 1 and claims.get("azp") != client):
        raise _wrong("is for another client")
    if claims.get("nonce", nonce) != nonce:
        raise _wrong("is not of this login: it has another nonce")
    _require_time(claims, now)
    subject, groups = claims.get("sub"), claims.get(groups_claim)
    if not isinstance(subject, str) or not subject:
        raise _wrong("says of nobody whom it is about")
    if len(subject) > _LONGEST_SUBJECT or not (subject.isascii() and subject.isprintable()):
        raise _wrong(f"has a subject of more than {_LONGEST_SUBJECT} printable ASCII characters")
    named = groups if isinstance(groups, list) else []
    return Person(subject=subject, groups=tuple(each for each in named if isinstance(each, str)))


def _signed(token: str, keys: KeySet) -> Mapping[str, Any]:
    try:
        claims = json.loads(jws.deserialize_compact(token, keys, algorithms=_ALGORITHMS).payload)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise _wrong("is not signed by its issuer") from error
    if not isinstance(claims, dict):
        raise _wrong("says nothing")
    return claims


def _require_time(claims: Mapping[str, Any], now: float) -> None:
    expires, issued = claims.get("exp"), claims.get("iat")
    if not (_is_number(expires) and _is_number(issued)):
        raise _wrong("does not say since when and until when it is good")
    if not now - _LEEWAY_S < expires:  # nor before what is no number
        raise _wrong("has expired")
    if not now + _LEEWAY_S >= issued:
        raise _wrong("is of a later time than it is here: one of both clocks is wrong")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _wrong(what: str) -> NotAuthenticated:
    return NotAuthenticated(f"what the issuer answered {what}")
