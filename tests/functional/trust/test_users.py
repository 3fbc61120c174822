"""Two users on one real service: each may what his roles say, and what is revoked ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    root: Path = tmp_path_factory.mktemp("users")
    with ParkService(root, "--upstream", "none") as service:
        for name in ("ada", "bob"):
            body = {"name": name, "password": PASSWORD}
            service.request("POST", "/api/v1/admin/users", json=body)
        yield service


def login(service: ParkService, name: str) -> str:
    body = {"user": name, "password": PASSWORD}
    answer = httpx2.post(f"{service.url}/api/v1/login", json=body, timeout=LIMIT_S)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def ask(
    service: ParkService, token: str, method: str, path: str, **arguments: Any
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{service.url}/api/v1/{path}"
    return httpx2.request(method, url, headers=headers, timeout=LIMIT_S, **arguments)


def test_what_is_waited_for_with_a_revoked_token_is_answered_at_once(service: ParkService) -> None:
    token = login(service, "ada")
    (held,) = ask(service, token, "GET", "tokens").json()[:1]
    after = ask(service, token, "GET", "events").json()
    last = after[-1]["seq"] if after else 0
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, service, token, "GET", f"events?after={last}&wait=30")
        # it has been used for that once it is noted as under way: ask until it is cut
        ask(service, service.token, "DELETE", f"admin/tokens/{held['id']}")
        answer = waiting.result(LIMIT_S)
    assert answer.status_code == 401
    assert "revoked" in answer.json()["detail"]


@pytest.mark.parametrize("how", ["policy", "roles"])
def test_what_is_streamed_to_somebody_ends_with_the_right_to_it(
    service: ParkService, how: str
) -> None:
    """A stream has no end of its own: without this, who may see nothing any more sees all."""
    policy = service.home / "policy.toml"
    nothing = "[everybody]\nroles = []\n"
    of_ada = {"roles": ["query"] if how == "roles" else []}
    if how == "roles":
        policy.write_text(nothing)
        service.request("POST", "/api/v1/admin/policy/reload")
    service.request("PUT", "/api/v1/admin/users/ada/roles", json=of_ada)
    headers = {"Authorization": f"Bearer {login(service, 'ada')}"}
    url = f"{service.url}/api/v1/events/stream"
    try:
        with httpx2.stream("GET", url, headers=headers, timeout=LIMIT_S) as streamed:
            assert streamed.status_code == 200
            if how == "roles":
                service.request("PUT", "/api/v1/admin/users/ada/roles", json={"roles": []})
            else:
                policy.write_text(nothing)
                service.request("POST", "/api/v1/admin/policy/reload")
            with pytest.raises(httpx2.RemoteProtocolError):
                streamed.read()
    finally:
        policy.unlink()
        service.request("POST", "/api/v1/admin/policy/reload")


def test_tokens_outlive_the_service_and_stay_revoked(service: ParkService) -> None:
    kept, gone = login(service, "ada"), login(service, "ada")
    id_ = ask(service, gone, "GET", "whoami").json()["id"]
    assert ask(service, gone, "DELETE", f"tokens/{id_}").status_code == 204
    service.restart()
    assert ask(service, kept, "GET", "whoami").json()["user"] == "ada"
    assert ask(service, gone, "GET", "whoami").status_code == 401


def test_a_policy_is_read_again_without_a_restart(service: ParkService) -> None:
    token = login(service, "bob")
    policy = service.home / "policy.toml"
    policy.write_text('[everybody]\nroles = ["query"]\n')
    try:
        service.request("POST", "/api/v1/admin/policy/reload")
        answer = ask(service, token, "POST", "jobs", json=[])
        assert (answer.status_code, "the role submit" in answer.json()["detail"]) == (403, True)
        policy.write_text("[everybody]\nroles = [query]\n")
        answer = ask(service, service.token, "POST", "admin/policy/reload")
        assert (answer.status_code, "line 2" in answer.json()["detail"]) == (400, True)
        assert ask(service, token, "GET", "whoami").json()["roles"] == ["query"]
    finally:
        policy.unlink()
        service.request("POST", "/api/v1/admin/policy/reload")
    assert ask(service, token, "POST", "jobs", json=[]).status_code == 200


def test_who_did_what_is_noted(service: ParkService) -> None:
    login(service, "bob")
    entries = service.get("/api/v1/admin/audit", user="bob", limit=1000)
    assert {"user.add", "login"} <= {each["action"] for each in entries}
    assert all(each["address"] == "127.0.0.1" for each in entries)
