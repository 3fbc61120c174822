"""`park_server.proofs.dpop`: what is signed of a use, and each thing that may be wrong with it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from park.errors import NotAuthenticated
from park_server.proofs.dpop import Proof, Use, read_proof, signed
from park_server.proofs.service_key import ServiceKey

KEY, OTHER = ServiceKey.new(), ServiceKey.new()
USE = Use(method="GET", url="https://Lab.example/park/api/v1/jobs/x?wait=3#top", token="t")
PLACES = [("lab.example", "/park/api/v1/jobs/x")]


def read(text: str, **other: Any) -> Proof:
    return read_proof(text, **{"method": "GET", "places": PLACES, "token": "t"} | other)


def proof(key: ServiceKey = KEY, **changed: Any) -> str:
    """Return a proof whose claims, or header, are changed; None: left out."""
    payload = jws.extract_compact(
        signed(KEY, USE, nonce="n", id="one", moment=100.9).encode()
    ).payload
    header = {"typ": "dpop+jwt", "alg": "Ed25519", "jwk": KEY.public}
    claims: dict[str, Any] = json.loads(payload)
    for name, value in changed.items():
        (header if name in header else claims)[name] = value
    claims = {name: value for name, value in claims.items() if value is not None}
    return jws.serialize_compact(header, json.dumps(claims), key.jwk, algorithms=["Ed25519"])


def test_what_is_signed_is_read() -> None:
    text = signed(KEY, USE, nonce="n", id="one", moment=100.9)
    assert read(text) == Proof(holder=KEY.thumbprint, id="one", issued=100, nonce="n")
    assert read(proof(nonce=None)).nonce is None


def test_tls_may_end_before_the_service() -> None:
    assert read(proof(htu="http://lab.example/park/api/v1/jobs/x")).id == "one"


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"method": "POST"}, "is for GET and not for POST"),
        ({"places": [("lab.example", "/park/api/v1/jobs/y")]}, "not what is asked for"),
        ({"places": [("other.example", "/park/api/v1/jobs/x")]}, "not what is asked for"),
        ({"token": "u"}, "is for another token"),
    ],
)
def test_a_proof_is_for_one_use(other: dict[str, Any], why: str) -> None:
    with pytest.raises(NotAuthenticated, match=why):
        read(proof(), **other)


@pytest.mark.parametrize(
    "changed",
    [
        *({"htm": None}, {"htu": None}, {"htu": "http://[x"}, {"htu": 3}, {"ath": None}),
        *({"jti": None}, {"jti": ""}, {"jti": "x" * 129}, {"jti": 4}),
        *({"iat": None}, {"iat": True}, {"iat": "100"}, {"nonce": 3}),
        *({"typ": "jwt"}, {"jwk": OTHER.public}, {"jwk": {}}),
        {"jwk": KEY.public | {"d": KEY.text}},
        {"jwk": KEY.public | {"crv": "X25519"}},
        {"long": "x" * 5000},
    ],
)
def test_what_is_not_as_it_should_be_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(NotAuthenticated):
        read(proof(**changed))


def test_another_key_signs_nothing_for_this_one() -> None:
    with pytest.raises(NotAuthenticated, match="not signed by the key in it"):
        read(proof(OTHER))


def test_a_secret_that_all_know_is_no_signature() -> None:
    header = {"typ": "dpop+jwt", "alg": "HS256", "jwk": KEY.public}
    key = OctKey.import_key(KEY.public["x"])
    for text in (
        jws.serialize_compact(header, b"{}", key, algorithms=["HS256"]),
        _unsigned(header | {"alg": "none"}),
        *("", "x", "a.b.c", "é.é.é", ".." * 100, _unsigned({})),
    ):
        with pytest.raises(NotAuthenticated):
            read(text)


def _unsigned(header: dict[str, Any]) -> str:
    words = (base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in (header, {}))
    return ".".join(word.rstrip("=") for word in words) + "."
