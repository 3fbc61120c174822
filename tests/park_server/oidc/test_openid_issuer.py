"""`park_server.oidc.openid_issuer`: the device flow at an issuer that runs, over HTTP."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator

import httpx2
import pytest
from joserfc.jwk import RSAKey
from support.services.oidc_issuer import OidcIssuer, oidc_issuer

from park.errors import NotAuthenticated, ServiceFault, ServiceUnreachable
from park_server.oidc.id_token import Person
from park_server.oidc.openid_issuer import Issuer, Pending
from park_server.trust.policy import LoginPolicy


@pytest.fixture
def far() -> Iterator[OidcIssuer]:
    """Run an issuer."""
    with oidc_issuer() as running:
        yield running


def near(far: OidcIssuer, secret: str | None = None) -> Issuer:
    return Issuer(LoginPolicy(issuer=far.url, client="park"), httpx2.AsyncClient, secret)


def begun(far: OidcIssuer, nonce: str = "n") -> tuple[str, str]:
    found = asyncio.run(near(far).begin(nonce))
    return found.device_code, found.user_code


def test_somebody_logs_in(far: OidcIssuer) -> None:
    device, user_code = begun(far)
    with pytest.raises(Pending):
        asyncio.run(near(far).finish(device, "n"))
    far.approve(user_code, "ada", ["lab"])
    found = asyncio.run(near(far, "s3cret").finish(device, "n"))
    assert found == Person(subject="ada", groups=("lab",))
    asked, form, login = far.asked[-2]
    assert (asked, form["client_id"]) == ("POST /token", "park")
    assert login == "Basic " + base64.b64encode(b"park:s3cret").decode()


@pytest.mark.parametrize(
    "claims",
    [{"aud": "other"}, {"iss": "https://other"}, {"nonce": "m"}, {"nonce": None}, {"exp": 1}],
)
def test_what_its_token_says_is_looked_at(far: OidcIssuer, claims: dict[str, object]) -> None:
    device, user_code = begun(far)
    far.approve(user_code, "ada")
    far.claims = claims
    with pytest.raises(NotAuthenticated):
        asyncio.run(near(far).finish(device, "n"))


def test_another_key_than_that_of_the_issuer_signs_nothing(far: OidcIssuer) -> None:
    device, user_code = begun(far)
    far.approve(user_code, "ada")
    far.signs_with = RSAKey.generate_key(2048)
    with pytest.raises(NotAuthenticated, match="not signed by its issuer"):
        asyncio.run(near(far).finish(device, "n"))


def test_what_it_says_in_place_of_a_token(far: OidcIssuer) -> None:
    device, _ = begun(far)
    far.errors = ["slow_down", "access_denied", "expired_token", "invalid_client"]
    with pytest.raises(Pending) as caught:
        asyncio.run(near(far).finish(device, "n"))
    assert caught.value.slower_s == 5.0
    for kind, why in (
        (NotAuthenticated, "was refused at the issuer"),
        (NotAuthenticated, "in time"),
        (ServiceFault, "answered 'invalid_client'"),
    ):
        with pytest.raises(kind, match=why):
            asyncio.run(near(far).finish(device, "n"))


def test_one_that_is_none_or_another_or_silent_says_so(far: OidcIssuer) -> None:
    far.has_device_flow = False
    with pytest.raises(ServiceFault, match="no logins by a code"):
        begun(far)
    far.named = "https://another.example"
    with pytest.raises(ServiceFault, match="is of another issuer"):
        begun(far)
    policy = LoginPolicy(issuer=f"{far.url}/none", client="park")
    with pytest.raises(ServiceFault, match="is of another issuer"):
        asyncio.run(Issuer(policy, httpx2.AsyncClient).begin("n"))
    gone = LoginPolicy(issuer="http://127.0.0.1:9", client="park")
    with pytest.raises(ServiceUnreachable, match="does not answer"):
        asyncio.run(Issuer(gone, httpx2.AsyncClient).begin("n"))


@pytest.mark.parametrize("body", ["<html>", "[1]", "x" * ((1 << 20) + 1)])
def test_what_is_no_answer_of_an_issuer_says_so(body: str) -> None:
    def client() -> httpx2.AsyncClient:
        answer = httpx2.MockTransport(lambda _: httpx2.Response(200, text=body))
        return httpx2.AsyncClient(transport=answer)

    policy = LoginPolicy(issuer="https://auth.example", client="park")
    with pytest.raises(ServiceFault, match="does not answer as an issuer"):
        asyncio.run(Issuer(policy, client).begin("n"))
