"""Where the token of a service goes, and where it does not."""

from __future__ import annotations

import httpx2
import pytest

from park.client.access.address import Address
from park.client.access.bearer import Bearer
from park.errors import InsecureTransport

LAB = "https://lab.example/park"


def sent(address: Address, url: str) -> str | None:
    """Return what a request to ``url`` says that it is from."""
    seen: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers.get("authorization"))
        return httpx2.Response(200)

    with httpx2.Client(transport=httpx2.MockTransport(answer), auth=Bearer(address)) as client:
        client.get(url)
    return seen[0]


def test_a_token_goes_to_its_service_and_nowhere_else() -> None:
    address = Address(url=LAB, token="secret")
    assert sent(address, f"{LAB}/api/v1") == "Bearer secret"
    assert sent(address, "https://LAB.example:443/x") == "Bearer secret"
    for url in ("https://evil.example/park", "http://lab.example/park", "https://lab.example:444/"):
        assert sent(address, url) is None


def test_without_a_token_there_is_nothing_to_protect() -> None:
    assert sent(Address(url="http://lab.example", token=None), "http://lab.example/x") is None


def test_it_does_not_cross_a_network_by_plain_http_unless_that_is_said() -> None:
    url = "http://lab.example"
    with pytest.raises(InsecureTransport):
        sent(Address(url=url, token="secret"), f"{url}/x")
    assert sent(Address(url=url, token="secret", insecure=True), f"{url}/x") == "Bearer secret"


def test_a_redirect_takes_it_along_to_nobody() -> None:
    seen: list[tuple[str, str | None]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((str(request.url.host), request.headers.get("authorization")))
        if request.url.host == "lab.example":
            return httpx2.Response(307, headers={"Location": "https://evil.example/x"})
        return httpx2.Response(200)

    with httpx2.Client(
        transport=httpx2.MockTransport(answer),
        auth=Bearer(Address(url=LAB, token="secret")),
        follow_redirects=True,
    ) as client:
        client.get(LAB)
    assert seen == [("lab.example", "Bearer secret"), ("evil.example", None)]
