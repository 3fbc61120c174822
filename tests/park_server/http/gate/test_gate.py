"""Who may ask at all, and what every answer says to browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from park_server.entrance.settings import EntranceSettings
from park_server.http.gate.gate import Gate

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


async def seen(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with how the request looks behind the gate."""
    request = Request(scope)
    forwarded = [name for name in request.headers if name.startswith("x-forwarded")]
    client = None if request.client is None else request.client.host
    await JSONResponse({"base": str(request.base_url), "client": client, "forwarded": forwarded})(
        scope, receive, send
    )


def client(
    *, base: str = "http://lab.example:8750", by: str = "192.0.2.1", **settings: Any
) -> TestClient:
    found = EntranceSettings.of(host="lab.example", **settings)
    return TestClient(Gate(seen, found), base_url=base, client=(by, 4711))


def test_a_name_that_it_does_not_have_is_told_and_never_said_again() -> None:
    answer = client().get("/x", headers={"Host": "evil.example"})
    assert answer.status_code == 421
    problem = answer.json()
    assert problem["type"] == "urn:park:problem:misdirected"
    assert "--allow-host" in problem["hint"]
    assert "evil.example" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("hosts", [[], [b"lab.example", b"lab.example"], [b""]])
def test_a_request_has_one_host(hosts: list[bytes]) -> None:
    async def with_hosts(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"host", host) for host in hosts]
        await Gate(seen, EntranceSettings.of(host="lab.example"))(
            {**scope, "headers": headers}, receive, send
        )

    assert TestClient(with_hosts).get("/").status_code == 421


def test_one_of_its_own_names_is_answered_with() -> None:
    assert client().get("/x").json()["base"] == "http://lab.example:8750/"
    assert client(allowed_hosts=["b.example"]).get("/", headers={"Host": "b.example"}).is_success


def test_a_form_of_another_site_is_refused() -> None:
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client().post("/legacy/", headers=header)
        assert answer.status_code == 403
        assert next(iter(header)) in answer.json()["detail"]
        assert client().get("/legacy/", headers=header).status_code == 200


def test_its_own_page_may_also_under_the_url_that_users_know() -> None:
    inside = client(base="http://127.0.0.1:8750", url="https://lab.example/park")
    own = {"Origin": "https://lab.example", "Sec-Fetch-Site": "same-origin"}
    assert inside.post("/x", headers=own).status_code == 200
    assert client().post("/x", headers={"Origin": "http://lab.example:8750"}).is_success
    assert client().post("/x").is_success


@pytest.mark.parametrize("host", ["lab.example", "evil.example"])
def test_every_answer_tells_browsers_what_it_is_not(host: str) -> None:
    headers = client().get("/x", headers={"Host": host}).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "strict-transport-security" not in headers
    assert not [name for name in headers if name.startswith("access-control")]


def test_under_tls_it_asks_for_tls_from_then_on() -> None:
    by_tls = client(base="https://lab.example").get("/x")
    assert by_tls.headers["strict-transport-security"] == "max-age=31536000"
    behind = client(trusted_proxies=["192.0.2.1"]).get("/", headers={"X-Forwarded-Proto": "https"})
    assert behind.headers["strict-transport-security"] == "max-age=31536000"


def test_what_a_proxy_says_counts_where_it_is_trusted() -> None:
    said = {
        "X-Forwarded-Host": "b.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "198.51.100.7",
    }
    names: dict[str, Any] = {"allowed_hosts": ["b.example"]}
    believed = client(trusted_proxies=["192.0.2.0/24"], **names).get("/", headers=said).json()
    assert believed == {"base": "https://b.example/", "client": "198.51.100.7", "forwarded": []}
    ignored = client(**names).get("/", headers=said).json()
    assert ignored == {
        "base": "http://lab.example:8750/", "client": "192.0.2.1", "forwarded": [],
    }  # fmt: skip


def test_a_trusted_proxy_s_host_is_one_of_the_list_too() -> None:
    said = {"X-Forwarded-Host": "evil.example"}
    assert client(trusted_proxies=["192.0.2.1"]).get("/", headers=said).status_code == 421
    assert client().get("/", headers=said).status_code == 200
