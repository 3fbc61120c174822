"""What users may have of a real service: each limit is told, and holds at once when it changes."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.park_service import ParkService, own_environ
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Limited = Callable[[str], None]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    options = ("--upstream", "none", "--trust-all")
    with ParkService(tmp_path_factory.mktemp("fair"), *options) as service:
        for name in ("ada", "bob"):
            service.request("POST", "/api/v1/admin/users", json={"name": name})
        yield service


@pytest.fixture
def limited(service: ParkService) -> Iterator[Limited]:
    """Return what gives the service another policy."""
    policy = service.home / "policy.toml"

    def reload(text: str) -> None:
        policy.write_text(text, encoding="utf-8")
        service.request("POST", "/api/v1/admin/policy/reload")

    yield reload
    policy.unlink(missing_ok=True)
    service.request("POST", "/api/v1/admin/policy/reload")


@pytest.fixture(scope="module")
def tokens(service: ParkService) -> dict[str, str]:
    return {
        name: service.request("POST", f"/api/v1/admin/users/{name}/tokens", json={}).json()["token"]
        for name in ("ada", "bob")
    }


class Person:
    """A user who asks the service."""

    def __init__(self, service: ParkService, token: str) -> None:
        self.token = token
        self._service = service

    def ask(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self._service.url}{path}"
        return httpx2.request(method, url, headers=headers, timeout=LIMIT_S, **arguments)

    def park(self, *arguments: str) -> str:
        """Run the command line with this user's token; return what it prints."""
        variables = {"PARK_SERVICE": self._service.url, "PARK_TOKEN": self.token}
        done = subprocess.run(
            [sys.executable, "-m", "park", *arguments],
            env=own_environ(PARK_STATE_DIR=self._service.state, PARK_AGENT="off", **variables),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def submit(self, count: int) -> httpx2.Response:
        return self.ask("POST", "/api/v1/jobs", json=[waiting() for _ in range(count)])


@pytest.fixture
def ada(service: ParkService, tokens: dict[str, str]) -> Person:
    return Person(service, tokens["ada"])


@pytest.fixture
def bob(service: ParkService, tokens: dict[str, str]) -> Person:
    return Person(service, tokens["bob"])


def waiting() -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "entry_point": "park:fetch_url",
        "call": {"args": [], "kwargs": {}},
        "fetch": {"url": "https://example.org/run.zip"},
        "when": {"version": 1, "condition": {"after": 3600}},
    }


def test_more_jobs_than_may_wait_are_refused(ada: Person, bob: Person, limited: Limited) -> None:
    limited("[users.ada.limits]\nwaiting = 5\n")
    assert ada.submit(5).status_code == 200
    refused = ada.submit(1)
    assert refused.status_code == 429
    problem = refused.json()
    assert problem["detail"] == "ada has 5 of 5 jobs waiting that may, and 1 more were sent"
    assert problem["details"] == {"limit": 5, "used": 5, "asked": 1}
    assert "park cancel" in problem["hint"]
    assert bob.submit(6).status_code == 200
    limited("[users.ada.limits]\nwaiting = 6\n")
    assert ada.submit(1).status_code == 200


def test_a_request_of_too_many_jobs_is_refused(ada: Person, service: ParkService) -> None:
    refused = ada.submit(1_001)
    assert (refused.status_code, refused.json()["details"]["limit"]) == (413, 1_000)
    jobs = [waiting() for _ in range(1_001)]
    assert len(service.request("POST", "/api/v1/jobs", json=jobs).json()) == 1_001  # the operator's


def test_who_asks_too_fast_is_told_when_to_ask_again(
    ada: Person, bob: Person, limited: Limited
) -> None:
    limited("[users.ada.limits]\nrequests = 0.01\n")
    assert ada.ask("GET", "/api/v1/whoami").status_code == 200
    refused = ada.ask("GET", "/api/v1/whoami")
    assert refused.status_code == 429
    assert 90 <= int(refused.headers["Retry-After"]) <= 100
    assert bob.ask("GET", "/api/v1/whoami").status_code == 200
    limited("")
    assert ada.ask("GET", "/api/v1/whoami").status_code == 200


def test_a_disk_that_is_full_for_one_takes_what_others_send(
    ada: Person, bob: Person, limited: Limited
) -> None:
    limited('[everybody.limits]\ndisk = "64 K"\n')
    content = b"x" * 50_000
    place = f"/api/v1/files/{hashlib.sha256(content).hexdigest()}"
    assert ada.ask("PUT", place, content=content).status_code == 204
    for path in ("/api/v1/areas/files/~/more", f"/api/v1/files/{'0' * 64}", "/legacy/"):
        method = "POST" if path == "/legacy/" else "PUT"
        whole: dict[str, Any] = {"content": content}
        form: dict[str, Any] = {"files": {"content": ("a-1.tar.gz", content)}}
        refused = ada.ask(method, path, **(form if method == "POST" else whole))
        assert refused.status_code == 507, path
        # beside the file what is written down of her counts
        told = r"ada has (48\.[89]|49\.\d) KiB of 64\.0 KiB on the disk, and .* more were sent"
        assert re.fullmatch(told, refused.json()["detail"])
    assert ada.ask("PUT", "/api/v1/areas/files/~/all", content=bytes(70_000)).status_code == 413
    assert bob.ask("PUT", "/api/v1/areas/files/~/more", content=content).status_code == 200
    used = {part["name"]: part for part in bob.ask("GET", "/api/v1/quota").json()["limits"]}
    assert used["disk"]["used"] >= 50_000
    assert used["disk"]["limit"] == 65_536


def test_everybody_sees_his_own_and_the_operator_all(
    service: ParkService, ada: Person, limited: Limited
) -> None:
    limited("[users.ada.limits]\nrunning = 4\nshare = 2\n")
    mine = ada.park("usage")
    assert [line.split("  ")[0] for line in mine.splitlines()] == [
        "jobs waiting",
        "jobs running",
        "cores",
        "disk",
        "jobs in one request",
        "share of the slots",
    ]
    assert "0 of 4" in mine
    everybody = Person(service, service.token).park("admin", "usage", "--json")
    assert {"ada", "bob"} < {user["user"] for user in json.loads(everybody)["users"]}
    assert ada.ask("GET", "/api/v1/usage").status_code == 403


def test_a_client_waits_where_it_asks_too_fast(ada: Person, limited: Limited) -> None:
    limited("[users.ada.limits]\nrequests = 1\n")  # slow machines ask twice a second
    while ada.ask("GET", "/api/v1/whoami").status_code == 200:
        pass
    assert "ada" in ada.park("token", "who")
