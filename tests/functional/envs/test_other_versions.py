"""A service that takes nothing from its users: they run what it has, and know what that is."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import uv
from support.material.index_tools import upload
from support.services.own_agent import agent_ends
from support.services.park_client import Client, ModelTree
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

from park_repo.checks.filenames import version_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PASSWORD = "correct horse"
POLICY = '[everybody]\nroles = ["query", "submit"]\n'


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service whose users may query and submit, and nothing else; it offers 0.1 and 0.3."""
    root: Path = tmp_path_factory.mktemp("locked")
    with ParkService(root, "--allow-address", "127.0.0.1") as service:
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
    assert "building light-model" not in message  # that is known before anything is built
    assert message.index("light-model 0.1 on Python") < message.index("light-model 0.3 on Python")
    assert "farther: 0.3 is farther from here than 0.1" in message
    assert f"--lock {near['lock_hash'][:12]}" in message
    refused = bob.error("install", "light_model", status=5)
    assert refused.partition("has no env")[1:] == message.partition("has no env")[1:]


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
    bob.error("install", "light_model", status=5)
    assert bob.configuration.read_text() == text
    bob.run("install", "light_model", "--use", "here")
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


RELEASE = "sortedcontainers", "2.4.0"
ASKED, PYTHON = "platform:python_implementation", "CPython"


@pytest.fixture
def approved_only(locked: ParkService) -> Iterator[ParkService]:
    """Have users of the service realise what its operator approved, and nothing else."""
    policy = POLICY.replace('"submit"', '"submit", "realise"')
    (locked.home / "policy.toml").write_text(f'{policy}[installs]\napproved = "only"\n')
    locked.request("POST", "/api/v1/admin/policy/reload")
    yield locked
    (locked.home / "policy.toml").write_text(POLICY)
    locked.request("POST", "/api/v1/admin/policy/reload")


def asked(service: ParkService, token: str, method: str, path: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.request(
        method, f"{service.url}{path}", headers=headers, timeout=LIMIT_S
    ).status_code


def versions_on(service: ParkService, token: str, project: str) -> set[str]:
    """Return the versions that the page of ``project`` tells of, by itself and by its files."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.pypi.simple.v1+json",
    }
    page = httpx2.get(f"{service.url}/simple/{project}/", headers=headers, timeout=LIMIT_S).json()
    return {version_in(file["filename"]) for file in page["files"]} | {*page["versions"]}


def test_only_what_was_approved_is_offered_realised_and_brought_here(
    bob: Client, client: Client, approved_only: ParkService
) -> None:
    """Approved, listed, withdrawn: each as the operator types it, and as a user meets it."""
    project, version = RELEASE
    token = bob.variables["PARK_TOKEN"]
    operator = client.with_variables(PARK_SERVICE=approved_only.url, PARK_TOKEN=approved_only.token)
    page = f"/simple/{project}/"
    assert asked(approved_only, token, "GET", page) == 403
    refused = bob.error("install", f"{project}=={version}", status=4)
    assert "bob may have only what was approved on this service" in refused
    assert f"1 of 1 pins are not: {project}=={version}" in refused
    assert len(nearest(bob)) == 2, "what an operator offers, he approved"
    bob.error("admin", "approve", project, status=4)

    printed = operator.run("admin", "approve", f"{project}=={version}", "--note", "ok").stdout
    assert printed.startswith(f"{project}=={version}  by ")
    (listed,) = operator.json("admin", "approvals")
    assert (listed["what"], listed["note"]) == (f"{project}=={version}", "ok")
    assert asked(approved_only, token, "GET", page) == 200
    assert versions_on(approved_only, token, project) == {version}
    assert len(versions_on(approved_only, approved_only.token, project)) > 1
    bob.run("install", f"{project}=={version}")
    (there,) = bob.json("versions", project)
    lock = there["lock_hash"]
    assert bob.call(ASKED, "--lock", lock[:12]) == PYTHON

    operator.run("admin", "approve", "--withdraw", f"{project}=={version}")
    assert bob.json("versions", project) == []
    assert asked(approved_only, token, "GET", f"/api/v1/locks/{lock}") == 404
    assert "no lock begins with" in bob.error("run", ASKED, "--lock", lock[:12], status=2)
    operator.run("admin", "approve", "--lock", lock[:12])
    assert bob.call(ASKED, "--lock", lock[:12]) == PYTHON
    operator.run("admin", "approve", "--withdraw", f"lock:{lock}")
    entries = operator.json("admin", "audit", "--action", "approve")
    assert [entry["action"] for entry in entries] == ["approve.withdraw", "approve"] * 2


@pytest.fixture
def ada(tmp_path: Path, client: Client, model: ModelTree) -> Iterator[tuple[Client, ParkService]]:
    """Give the operator of a service that takes what its users send, and that service."""
    assert model.root.exists()
    (tmp_path / "open").mkdir()
    with ParkService(tmp_path / "open", "--allow-address", "127.0.0.1") as service:
        service.request("POST", "/api/v1/admin/users", json={"name": "bob", "password": PASSWORD})
        yield client.with_variables(PARK_SERVICE=service.url, PARK_TOKEN=service.token), service


STORY = """
import json
import light_model, park

closed, open_ = park.remote_service("closed", versions="nearest"), park.remote_service("open")
# it takes no module of his: what it has runs, and its record says so
reduction = closed.submit(light_model.answer)
auth = park.credentials(service=closed)
with open_:  # which takes his module as it is here; its condition is asked of the other
    fetch = park.fetch_url("park://closed/~/bigfile.refl", auth=auth, when=reduction.iscompleted)
ready = fetch.isfetched & reduction.iscompleted
fit = open_.submit(light_model.answer, when=ready, memo=False)
lost = open_.submit(light_model.answer, when=reduction.isfailed, memo=False)
print(json.dumps({
    "ran": [reduction.result(), fit.result()],
    "asked": [reduction.refresh().asked_for, fit.refresh().asked_for],
    "locks": [reduction.lock_hash, fit.lock_hash],
    "fetched": fetch.result()["size"],
    "lost": lost.wait().status,
}))
"""


def test_the_last_notes_of_the_seed_on_a_locked_down_and_an_open_service(
    bob: Client, ada: tuple[Client, ParkService], locked: ParkService, tmp_path: Path, answer: int
) -> None:
    """Two users: versions that are the same, or are chosen; a condition that opens elsewhere."""
    her, open_service = ada
    # one may upload: her module is there as it is here, and nobody else's to run
    assert her.call("light_model:answer") == answer
    (hers,) = her.json("versions", "light_model")
    body = {"user": "bob", "password": PASSWORD}
    login = httpx2.post(f"{open_service.url}/api/v1/login", json=body, timeout=LIMIT_S).json()
    assert asked(open_service, login["token"], "GET", f"/api/v1/locks/{hers['lock_hash']}") == 404
    # the other may not upload to the locked-down one: he asks it for what there is, and is told
    token = bob.variables["PARK_TOKEN"]
    message = bob.error("run", "light_model:answer", status=5)
    assert message.index("light-model 0.1 on Python") < message.index("light-model 0.3 on Python")
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{locked.url}/api/v1/areas/files/~/bigfile.refl"
    httpx2.put(url, content=b"counts", headers=headers, timeout=LIMIT_S).raise_for_status()
    # he has both services at hand, his logins with an agent, and grants that are bounced off it
    with agent_ends(tmp_path / "state" / "agent"):
        him = Client(
            python=bob.python, folder=tmp_path / "him", cache=bob.cache, state=tmp_path / "state",
            variables={},
        )  # fmt: skip
        him.folder.mkdir()
        for name, url, secret in (
            ("closed", locked.url, token), ("open", open_service.url, login["token"]),
        ):  # fmt: skip
            him.run("service", "add", name, url, "--lend", "bounce")
            command = [str(him.python.with_name("park")), "login", name, "--token"]
            subprocess.run(
                command, input=f"{secret}\n", env=him.environ(), text=True, check=True,
                capture_output=True, timeout=LIMIT_S,
            )  # fmt: skip
        seen = him.script(STORY)
    near, _ = nearest(bob)
    assert seen["ran"] == [1, answer]
    assert seen["asked"][0].startswith("light-model 0.1+t")
    assert seen["asked"][1] is None
    assert seen["locks"][0] == near["lock_hash"]
    assert (seen["fetched"], seen["lost"]) == (len(b"counts"), "cancelled")
    # what was lent was bounced, and was given back when the need ended
    lent = httpx2.get(f"{locked.url}/api/v1/grants", headers=headers, timeout=LIMIT_S).json()
    assert {each["bounced"] for each in lent} == {True}
    assert {each["lent_to"] for each in lent} == {open_service.url}
