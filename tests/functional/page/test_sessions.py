"""Sessions of browsers: what the cookie opens, from where, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    with ParkService(tmp_path_factory.mktemp("sessions"), "--upstream", "none") as service:
        body = {"name": "ada", "password": PASSWORD}
        service.request("POST", "/api/v1/admin/users", json=body)
        yield service


def ask(
    service: ParkService, method: str, path: str, *, own: bool = True, **arguments: Any
) -> httpx2.Response:
    headers = {"Sec-Fetch-Site": "same-origin"} if own else {}
    headers |= arguments.pop("headers", {})
    url = f"{service.url}/api/v1{path}"
    return httpx2.request(method, url, headers=headers, timeout=LIMIT_S, **arguments)


def cookie_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 204, answer.text
    said = answer.headers["set-cookie"]
    assert "HttpOnly" in said
    assert "SameSite=Strict" in said
    return str(said.partition(";")[0])


def session(service: ParkService) -> str:
    body = {"user": "ada", "password": PASSWORD}
    return cookie_of(ask(service, "POST", "/session", json=body))


def test_a_password_or_a_token_begins_one_and_a_logout_ends_it(service: ParkService) -> None:
    mine = {"Cookie": session(service)}
    who = ask(service, "GET", "/whoami", headers=mine).json()
    assert (who["user"], who["kind"]) == ("ada", "browser")
    operator = {
        "Cookie": cookie_of(ask(service, "POST", "/session", json={"token": service.token}))
    }
    assert "admin" in ask(service, "GET", "/whoami", headers=operator).json()["roles"]
    assert ask(service, "GET", "/admin/users", headers=operator).status_code == 200
    over = ask(service, "DELETE", "/session", headers=mine)
    assert "Max-Age=0" in over.headers["set-cookie"]
    assert ask(service, "GET", "/whoami", headers=mine).status_code == 401


@pytest.mark.parametrize(
    "body", [{"user": "ada", "password": "x"}, {"user": "nobody", "password": "x"}, {"token": "x"}]
)
def test_who_does_not_show_who_he_is_gets_none(service: ParkService, body: dict[str, str]) -> None:
    answer = ask(service, "POST", "/session", json=body)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_what_is_in_the_cookie_opens_nothing_elsewhere(service: ParkService) -> None:
    cookie = session(service)
    secret = cookie.partition("=")[2]
    bearer = {"Authorization": f"Bearer {secret}"}
    assert ask(service, "GET", "/whoami", headers=bearer).status_code == 401
    assert ask(service, "POST", "/session", json={"token": secret}).status_code == 401
    assert ask(service, "GET", "/whoami", headers={"Cookie": f"park-1={secret}"}).status_code == 401
    token = ask(service, "POST", "/session", json={"token": service.token})
    login = {"user": "ada", "password": PASSWORD}
    of_user = ask(service, "POST", "/login", json=login).json()["token"]
    for other in (of_user, service.token):  # and no other token is taken from a cookie
        name = cookie_of(token).partition("=")[0]
        answer = ask(service, "GET", "/whoami", headers={"Cookie": f"{name}={other}"})
        assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/tokens", "/tokens/refresh", "/grants"])
def test_a_page_is_handed_no_secret(service: ParkService, path: str) -> None:
    answer = ask(service, "POST", path, headers={"Cookie": session(service)}, json={})
    assert answer.status_code == 403
    assert "browser" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Sec-Fetch-Site": "same-site"}),
        ("GET", {"Sec-Fetch-Site": "cross-site"}),
        ("DELETE", {"Sec-Fetch-Site": "same-site"}),
        ("DELETE", {"Origin": "http://127.0.0.1:1"}),
        ("DELETE", {"Origin": "null"}),
        ("DELETE", {}),
    ],
)
def test_no_other_page_has_it_sent(
    service: ParkService, method: str, headers: dict[str, str]
) -> None:
    mine = {"Cookie": session(service)}
    path = "/whoami" if method == "GET" else "/session"
    assert ask(service, method, path, own=False, headers=mine | headers).status_code == 403
    assert ask(service, "GET", "/whoami", headers=mine).status_code == 200


def test_a_session_ends_with_the_token_that_began_it(service: ParkService) -> None:
    login = {"user": "ada", "password": PASSWORD}
    made = ask(service, "POST", "/login", json=login).json()
    mine = {"Cookie": cookie_of(ask(service, "POST", "/session", json={"token": made["token"]}))}
    assert ask(service, "GET", "/whoami", headers=mine).json()["user"] == "ada"
    service.request("DELETE", f"/api/v1/admin/tokens/{made['id']}")
    assert ask(service, "GET", "/whoami", headers=mine).status_code == 401


def test_the_index_knows_no_cookie(service: ParkService) -> None:
    answer = httpx2.get(
        f"{service.url}/simple/", headers={"Cookie": session(service)}, timeout=LIMIT_S
    )
    assert answer.status_code == 403
