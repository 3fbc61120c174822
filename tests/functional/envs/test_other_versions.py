"""A service that takes nothing from its users: they run what it has, and know what that is."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import uv
from support.material.index_tools import upload
from support.services.park_client import Client, ModelTree
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct horse"
POLICY = '[everybody]\nroles = ["query", "submit"]\n'


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service whose users may query and submit, and nothing else; it offers 0.1 and 0.3."""
    root: Path = tmp_path_factory.mktemp("locked")
    with ParkService(root) as service:
        for version in ("0.1", "0.3"):
            tree = ModelTree("light-model", root / version)
            tree.edit("pyproject.toml", 'version = "0.1"', f'version = "{version}"')
            tree.edit("light_model.py", "ANSWER = 42", f"ANSWER = {version[2:]}")
            assert upload(service.url, wheel_of(tree), service.token).status_code == 200
            service.offer("light-model", version)
        body = {"name": "bob", "password": PASSWORD}
        service.request("POST", "/api/v1/admin/users", json=body)
        (service.home / "policy.toml").write_text(POLICY)
        service.request("POST", "/api/v1/admin/policy/reload")
        yield service


def wheel_of(tree: ModelTree) -> Path:
    dist = tree.root / "dist"
    command = [uv.find_uv_bin(), "build", "-q", "--wheel", "-o", str(dist), str(tree.root)]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    (wheel,) = dist.glob("*.whl")
    return wheel


@pytest.fixture
def bob(client: Client, locked: ParkService, model: ModelTree) -> Client:
    """Return a user of that service, whose own tree nobody else has."""
    assert model.root.exists()
    body = {"user": "bob", "password": PASSWORD}
    answer = httpx2.post(f"{locked.url}/api/v1/login", json=body, timeout=LIMIT_S)
    return client.with_variables(PARK_SERVICE=locked.url, PARK_TOKEN=answer.json()["token"])


def nearest(client: Client, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.json("versions", "--nearest", "light-model", *options)
    return found


def test_what_is_not_taken_is_refused_with_all_that_there_is_the_nearest_first(
    bob: Client,
) -> None:
    message = bob.error("run", "light_model:answer", status=5)
    near, far = nearest(bob)
    assert [near["version"], far["version"]] == ["0.1", "0.3"]
    assert "bob may not have environments made on this service" in message
    assert message.index("light-model 0.1 on Python") < message.index("light-model 0.3 on Python")
    assert "farther: 0.3 is farther from here than 0.1" in message
    assert f"--lock {near['lock_hash'][:12]}" in message


def test_the_nearest_runs_where_that_is_wanted_and_its_record_says_what_was_asked_for(
    bob: Client,
) -> None:
    done = bob.run("run", "light_model:answer", "--versions", "nearest")
    assert json.loads(done.stdout) == 1
    assert "here runs as light-model 0.1 on Python" in done.stderr
    job = bob.submit("light_model:answer", "--versions", "nearest", "--no-memo")
    bob.run("result", job)
    record = bob.json("status", job)
    assert record["asked_for"].startswith("light-model 0.1+t")
    assert record["lock_hash"] == nearest(bob)[0]["lock_hash"]
    assert f"asked for    {record['asked_for']}, which the" in bob.run("status", job).stdout


def test_what_its_runs_import_is_known_and_decides_what_is_compatible(bob: Client) -> None:
    job = bob.submit("light_model:answer", "--versions", "nearest", "--no-memo")
    bob.run("result", job)
    near, far = nearest(bob, "--job", "light_model:answer")
    assert (near["compatible"], far["compatible"]) == (False, None)
    bob.error("run", "light_model:answer", "--versions", "compatible", status=5)


def test_a_lock_that_is_used_is_used_until_it_is_installed_again(bob: Client) -> None:
    lock = nearest(bob)[1]["lock_hash"]
    assert (
        "jobs of light-model run as 0.3"
        in bob.run("install", "light_model", "--use", lock[:12]).stdout
    )
    assert bob.call("light_model:answer") == 3
    text = bob.configuration.read_text()
    assert f'light-model = "{lock}"' in text
    bob.error("install", "light_model", status=4)
    assert bob.configuration.read_text() == text
    bob.configuration.unlink()
    bob.error("run", "light_model:answer", status=5)
    assert "has no environment of light-model as was said" in bob.error(
        "install", "light_model", "--use", "0" * 12, status=5
    )


def test_a_session_says_which_versions_it_uses(bob: Client) -> None:
    code = """
import json, warnings
import light_model, park, park.errors

service = park.remote_service()
service.use("light-model", "==0.3.*")
job = service.submit(light_model.answer)
by_use = job.result()
asked = job.refresh().asked_for
try:
    service.submit(lambda: light_model.answer()).result()
    refused = ""
except park.errors.EnvironmentMismatch as error:
    refused = str(error)
nearest = park.remote_service(versions="nearest").submit(light_model.answer, memo=False)
print(json.dumps([by_use, asked, refused, nearest.result()]))
"""
    by_use, asked, refused, by_nearest = bob.script(code)
    assert by_use == 3
    assert asked.startswith("light-model 0.1+t")
    assert "travels as a pickle" in refused
    assert by_nearest == 3, "what was said of the project holds for all handles"
