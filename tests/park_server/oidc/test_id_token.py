"""`park_server.oidc.id_token`: what an ID token must hold, one thing at a time."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from park.errors import NotAuthenticated
from park_server.oidc.id_token import Person, checked_id_token

KEY = ECKey.generate_key("P-256", auto_kid=True)
KEYS = KeySet([KEY])
NOW = 1_000_000
CLAIMS: dict[str, Any] = {
    "iss": "https://auth.example",
    "aud": "park",
    "nonce": "n",
    "sub": "ada",
    "iat": NOW - 10,
    "exp": NOW + 300,
    "groups": ["lab", 3],
}


def token(key: Any = KEY, alg: str = "ES256", **changed: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changed).items() if value is not None}
    return jwt.encode({"alg": alg, "kid": KEY.kid}, claims, key, algorithms=[alg])


def checked(text: str) -> Person:
    return checked_id_token(
        text,
        KEYS,
        issuer="https://auth.example",
        client="park",
        nonce="n",
        groups_claim="groups",
        now=NOW,
    )


def test_it_says_who_somebody_is() -> None:
    assert checked(token()) == Person(subject="ada", groups=("lab",))
    assert checked(token(aud=["other", "park"], azp="park")).subject == "ada"
    assert checked(token(groups=None)).groups == ()
    assert checked(token(exp=10**400)).subject == "ada"
    assert checked(token(nonce=None)).subject == "ada"  # the device flow has none


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "https://auth.example/"}, "is of another issuer"),
        ({"iss": None}, "is of another issuer"),
        ({"aud": "other"}, "is for another client"),
        ({"aud": None}, "is for another client"),
        ({"aud": ["park", "other"]}, "is for another client"),
        ({"aud": ["park", "other"], "azp": "other"}, "is for another client"),
        ({"nonce": "m"}, "is not of this login"),
        ({"nonce": 5}, "is not of this login"),
        ({"exp": NOW - 61}, "has expired"),
        ({"exp": None}, "until when"),
        ({"exp": "x"}, "until when"),
        ({"exp": -(10**400)}, "has expired"),
        ({"exp": float("nan")}, "has expired"),
        ({"iat": 10**400}, "clocks is wrong"),
        ({"iat": float("nan")}, "clocks is wrong"),
        ({"iat": NOW + 61}, "clocks is wrong"),
        ({"iat": None}, "until when"),
        ({"sub": None}, "of nobody"),
        ({"sub": ""}, "of nobody"),
        ({"sub": "a\0b"}, "printable ASCII"),
        ({"sub": "é"}, "printable ASCII"),
        ({"sub": "x" * 256}, "255"),
    ],
)
def test_what_is_not_right_says_so(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(NotAuthenticated, match=why):
        checked(token(**changed))


def test_nobody_else_signs_one() -> None:
    other = ECKey.generate_key("P-256")
    secret = OctKey.import_key(str(KEY.as_dict(private=False)["x"]))
    rsa = RSAKey.generate_key(2048)
    texts = [token(other), token(secret, "HS256"), token(rsa, "RS256"), "", "a.b.c"]
    head, body, _ = token().split(".")
    texts += [f"{head}.{body}.", f"{head}.{token(sub='eve').split('.')[1]}.{token().split('.')[2]}"]
    for text in texts:
        with pytest.raises(NotAuthenticated, match="not signed by its issuer"):
            checked(text)
