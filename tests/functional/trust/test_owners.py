"""What a second user of a service tries with what he knows of the first, and does not get."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.material.wheels import make_wheel
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

from park.local.python_minor import python_minor
from park.model.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PASSWORD = "correct horse"
TREE = "1.0+t0123456789abcdef"
DATA = b"what only ada has measured"
DIGEST = hashlib.sha256(DATA).hexdigest()
CALL: dict[str, Any] = {"args": [], "kwargs": {}}


class World:
    """A service with its operator, ada, who has a private tree, and bob, who would like it."""

    def __init__(self, service: ParkService, folder: Path) -> None:
        self.service = service
        self.folder = folder
        self.tokens = {"root": service.token}
        for name in ("ada", "bob", "eve"):
            body = {"name": name, "password": PASSWORD}
            service.request("POST", "/api/v1/admin/users", json=body)
            answer = httpx2.post(
                f"{service.url}/api/v1/login",
                json={"user": name, "password": PASSWORD},
                timeout=LIMIT_S,
            )
            self.tokens[name] = answer.json()["token"]

    def ask(self, user: str, method: str, path: str, **arguments: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.tokens[user]}"}
        url = f"{self.service.url}{path if path.startswith('/legacy') else f'/api/v1/{path}'}"
        return httpx2.request(method, url, headers=headers, timeout=LIMIT_S, **arguments)

    def upload(self, user: str, version: str, name: str = "demo") -> httpx2.Response:
        wheel = make_wheel(self.folder, name, version)
        return self.ask(
            user,
            "POST",
            "/legacy/",
            data={":action": "file_upload", "protocol_version": "1"},
            files={"content": (wheel.name, wheel.read_bytes())},
        )

    def install(self, user: str, version: str, name: str = "demo") -> dict[str, Any]:
        """Upload a wheel, have its environment made, and return the install."""
        wheel = make_wheel(self.folder, name, version)
        assert self.upload(user, version, name).status_code == 200
        content = wheel.read_bytes()
        file = {
            "name": name,
            "version": version,
            "filename": wheel.name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
        }
        request = {
            "id": new_id(),
            "project": name,
            "version": version,
            "python": python_minor(),
            "pins": [{"name": name, "version": version}],
            "wheels": [file] if "+t" in version else [],
        }
        answer = self.ask(user, "POST", "installs", json=request)
        assert answer.status_code == 200, answer.text
        record: dict[str, Any] = answer.json()
        while record["state"] not in {"ready", "failed"}:
            query = f"?after={record['revision']}&wait=30"
            record = self.ask(user, "GET", f"installs/{request['id']}{query}").json()
        assert record["state"] == "ready", record
        return record

    def submit(self, user: str, lock_hash: str, **facts: Any) -> httpx2.Response:
        job = {"id": new_id(), "entry_point": "demo:double", "lock_hash": lock_hash, "call": CALL}
        return self.ask(user, "POST", "jobs", json=[job | facts])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("owners")
    with ParkService(root, "--upstream", "none") as service:
        yield World(service, root)


@pytest.fixture(scope="module")
def lock(world: World) -> str:
    """Give the lock hash of ada's private tree, which bob has heard of."""
    return str(world.install("ada", TREE)["lock_hash"])


def test_a_lock_hash_of_a_private_tree_runs_nothing_for_others(world: World, lock: str) -> None:
    refused = world.submit("bob", lock)
    unknown = world.submit("bob", "0" * 64)
    assert refused.status_code == unknown.status_code == 409
    assert refused.json()["detail"] == unknown.json()["detail"].replace("0" * 64, lock)
    assert world.submit("ada", lock).status_code == 200


def test_a_lock_of_others_is_not_read(world: World, lock: str) -> None:
    assert world.ask("ada", "GET", f"locks/{lock}").status_code == 200
    assert world.ask("bob", "GET", f"locks/{lock}").status_code == 404
    assert world.ask("bob", "GET", f"environments/{lock}").status_code == 404
    for path in ("environments", "versions"):
        assert lock not in world.ask("bob", "GET", path).text


def test_fork_servers_are_ones_own(world: World, lock: str) -> None:
    job = world.submit("ada", lock).json()[0]["id"]
    ended = world.ask("ada", "GET", f"jobs/{job}?wait=30").json()
    assert ended["status"] in {"completed", "failed", "running", "queued"}
    assert world.ask("bob", "GET", "fork-servers").json() == []
    mine = world.ask("root", "GET", "fork-servers").json()
    assert lock not in str(mine) or lock in world.ask("ada", "GET", "fork-servers").text


def test_a_digest_is_neither_a_key_nor_an_oracle(world: World) -> None:
    released = world.install("ada", "3.0", "released")["lock_hash"]
    place = f"files/{DIGEST}"
    assert world.ask("ada", "PUT", place, content=DATA).status_code == 204
    assert world.ask("ada", "GET", f"{place}/present").json() == {"present": True}
    assert world.ask("bob", "GET", f"{place}/present").json() == {"present": False}
    file = {"$park": "file", "sha256": DIGEST, "name": "data"}
    call = {"args": [file], "kwargs": {}}
    refused = world.submit("bob", released, call=call)
    assert (refused.status_code, DIGEST in refused.json()["detail"]) == (404, True)
    assert world.submit("ada", released, call=call).status_code == 200
    assert world.ask("bob", "PUT", place, content=DATA).status_code == 204  # he has it himself
    assert world.submit("bob", released, call=call).status_code == 200


def test_what_others_installed_only_operators_evict(world: World) -> None:
    lock = world.install("ada", "4.0", "shared")["lock_hash"]
    refused = world.ask("bob", "DELETE", f"environments/{lock}")
    assert refused.status_code == 403
    assert "not yours alone" in refused.json()["detail"]
    assert world.ask("bob", "PUT", f"environments/{lock}/pin").status_code == 403
    assert world.ask("root", "DELETE", f"environments/{lock}").status_code == 200


def test_releases_are_of_who_made_the_first(world: World) -> None:
    assert world.upload("ada", "1.0", "hers").status_code == 200
    refused = world.upload("bob", "1.1", "hers")
    assert refused.status_code == 403
    assert "is released here by ada, and not by bob" in refused.json()["detail"]
    assert world.upload("bob", TREE, "hers").status_code == 200  # a tree of his own
    roles = {"roles": ["upload:hers"]}
    world.service.request("PUT", "/api/v1/admin/users/bob/roles", json=roles)
    assert world.upload("bob", "1.2", "hers").status_code == 200


def test_who_may_upload_one_project_uploads_no_other(world: World) -> None:
    policy = world.service.home / "policy.toml"
    policy.write_text('[everybody]\nroles = ["submit", "realise", "upload:lab-*"]\n')
    world.service.request("POST", "/api/v1/admin/policy/reload")
    try:
        assert world.upload("eve", TREE, "lab_model").status_code == 200
        assert world.upload("eve", TREE, "another").status_code == 403
        request = {"name": "another", "version": TREE, "filename": "x", "sha256": "0" * 64}
        body = {
            "id": new_id(),
            "project": "another",
            "version": TREE,
            "python": python_minor(),
            "pins": [{"name": "another", "version": TREE}],
            "wheels": [request | {"size": 1}],
        }
        refused = world.ask("eve", "POST", "installs", json=body)
        assert (refused.status_code, "may not upload another" in refused.text) == (403, True)
    finally:
        policy.unlink()
        world.service.request("POST", "/api/v1/admin/policy/reload")


def test_what_is_shared_runs_for_whom_it_is_shared_with(world: World, lock: str) -> None:
    place = "index/projects/demo/shares"
    assert world.ask("ada", "PUT", f"{place}/nobody").status_code == 404
    shares = world.ask("ada", "PUT", f"{place}/eve").json()
    assert [each["whom"] for each in shares] == ["user:eve"]
    assert world.submit("eve", lock).status_code == 200
    assert lock in world.ask("eve", "GET", "versions").text
    assert world.submit("bob", lock).status_code == 409
    world.service.request("PUT", "/api/v1/admin/groups/lab/members/bob")
    assert world.ask("ada", "PUT", f"{place}/lab").status_code == 200
    assert world.submit("bob", lock).status_code == 200
    for whom in ("eve", "lab"):
        assert world.ask("ada", "DELETE", f"{place}/{whom}").status_code == 200
    for user in ("eve", "bob"):
        assert world.submit(user, lock).status_code == 409


def test_jobs_and_files_of_others_are_as_if_they_were_not(world: World, lock: str) -> None:
    job = world.submit("ada", lock).json()[0]["id"]
    for path in (f"jobs/{job}", f"jobs/{job}/result", f"jobs/{job}/why", f"jobs/{job}/logs/stdout"):
        assert world.ask("bob", "GET", path).status_code == 404
    assert world.ask("bob", "POST", f"jobs/{job}/cancel").status_code == 404


def test_revoking_a_user_ends_tokens_and_jobs(world: World) -> None:
    lock = world.install("eve", TREE, "mine")["lock_hash"]
    waits = {"version": 1, "condition": {"at": "2999-01-01T00:00:00Z"}}
    job = world.submit("eve", lock, entry_point="mine:double", when=waits)
    record = world.service.request("POST", "/api/v1/admin/users/eve/revoke").json()
    assert record["tokens"] >= 1
    assert world.ask("eve", "GET", "whoami").status_code == 401
    if job.status_code == 200:
        assert record["jobs"] >= 1


def test_a_wheel_in_quarantine_is_given_out_no_more(world: World) -> None:
    lock = world.install("ada", TREE, "bad")["lock_hash"]
    content = make_wheel(world.folder, "bad", TREE).read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    when = {"version": 1, "condition": {"at": "2999-01-01T00:00:00Z"}}
    job = world.submit("ada", lock, when=when)
    assert job.status_code == 200, job.text
    for user, status in (("ada", 403), ("root", 200)):
        answer = world.ask(user, "POST", f"admin/quarantine/{sha256}", json={"why": "bad"})
        assert answer.status_code == status, answer.text
    assert answer.json() == {"sha256": sha256, "environments": [lock], "jobs": 1}
    ended = world.ask("ada", "GET", f"jobs/{job.json()[0]['id']}").json()
    assert ended["status"] == "cancelled"
    wheel = f"the wheel {sha256[:12]}… of its environment"
    assert ended["error"] == f"cancelled: root put {wheel} in quarantine: bad"
    page = f"{world.service.url}/files/{sha256}/bad-{TREE}-py3-none-any.whl"
    headers = {"Authorization": f"Bearer {world.tokens['ada']}"}
    assert httpx2.get(page, headers=headers, timeout=LIMIT_S).status_code == 403
    listed = f"{world.service.url}/trees/simple/bad/"
    as_json = headers | {"Accept": "application/vnd.pypi.simple.v1+json"}
    page = httpx2.get(listed, headers=as_json, timeout=LIMIT_S).json()
    assert page["files"] == []
    assert page["_not-listed"][0]["filename"].startswith("bad-")
    again = world.submit("ada", lock).json()[0]["id"]
    record = world.ask("ada", "GET", f"jobs/{again}?wait=30").json()
    while record["status"] not in {"failed", "completed", "cancelled"}:
        record = world.ask("ada", "GET", f"jobs/{again}?wait=30").json()
    assert (record["status"], "quarantined" in record["error"]) == ("failed", True)
