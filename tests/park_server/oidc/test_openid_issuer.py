"""`park_server.oidc.openid_issuer`: the device flow at an issuer that runs, over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping

import httpx2
import pytest
from joserfc.jwk import RSAKey
from support.stand_ins.oidc_issuer import OidcIssuer, oidc_issuer

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
    [{"aud": "other"}, {"iss": "https://other"}, {"nonce": "m"}, {"sub": "\0"}, {"exp": 1}],
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


URL = "https://auth.example"
ABOUT = {
    "issuer": URL,
    "device_authorization_endpoint": f"{URL}/device",
    "token_endpoint": f"{URL}/token",
    "jwks_uri": f"{URL}/keys",
}
BEGUN = {
    "device_code": "c",
    "user_code": "u",
    "verification_uri": f"{URL}/activate",
    "expires_in": 600,
    "interval": 5,
}


def says(about: Mapping[str, object], begun: str = "{}") -> Issuer:
    """Return the way to an issuer that says ``about`` itself, and ``begun`` of a login."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        is_about = request.url.path.startswith("/.well-known")
        return httpx2.Response(200, text=json.dumps(about) if is_about else begun)

    def client() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(answer))

    return Issuer(LoginPolicy(issuer=URL, client="park"), client, "s3cret")


@pytest.mark.parametrize("name", sorted({*ABOUT} - {"issuer"}))
@pytest.mark.parametrize(
    "url",
    ["http://auth.example/x", "https://[::1", "https://a\0b/", "file:///x", "x", "", 5, ["x"]],
)
def test_secrets_go_where_nobody_else_hears_them(name: str, url: object) -> None:
    issuer = says(ABOUT | {name: url})
    asked = issuer.begin("n") if name.startswith("device") else issuer.finish("c", "n")
    if name == "jwks_uri":
        issuer = says(ABOUT | {name: url}, '{"id_token": "x"}')
        asked.close()
        asked = issuer.finish("c", "n")
    with pytest.raises(ServiceFault, match=f"no https URL as its {name}"):
        asyncio.run(asked)


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        *(
            (name, number)
            for name in ("interval", "expires_in")
            for number in ("NaN", "-Infinity", "-1", "-1e400", "true", "[]", '"x"', "{}")
        ),
        *(
            (name, text)
            for name in ("device_code", "user_code", "verification_uri")
            for text in ("null", "5", '["x"]', '"\\u001b[2J"', '"a\\nb"', '"\\ud800"')
        ),
        ("verification_uri", '"javascript:alert(1)"'),
        ("verification_uri_complete", '"javascript:alert(1)"'),
        ("verification_uri_complete", '["x"]'),
    ],
)
def test_a_login_that_is_begun_oddly_is_none(name: str, odd: str) -> None:
    text = json.dumps(BEGUN | {name: "@"}).replace('"@"', odd)
    with pytest.raises(ServiceFault, match="does not answer as an issuer"):
        asyncio.run(says(ABOUT, text).begin("n"))


@pytest.mark.parametrize("number", ["1e400", "Infinity", "9" * 400, '"1e9"'])
def test_nobody_waits_longer_than_half_an_hour(number: str) -> None:
    text = json.dumps(BEGUN | {"interval": "@", "expires_in": "@"}).replace('"@"', number)
    begun = asyncio.run(says(ABOUT, text).begin("n"))
    assert (begun.interval_s, begun.expires_s) == (1_800.0, 1_800.0)
