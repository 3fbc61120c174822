"""What a service has, compared with what is here; and two versions of a model side by side."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.services.park_client import Client, ModelTree
    from support.services.park_service import ParkService

KEYS = {
    "project",
    "version",
    "python",
    "lock_hash",
    "status",
    "packages",
    "size_bytes",
    "last_used",
    "matches_local",
    "differences",
}


VERSIONS = "/api/v1/versions"


def versions(client: Client) -> dict[str, dict[str, Any]]:
    """Return the versions of the light model by their lock hash."""
    return {each["lock_hash"]: each for each in client.json("versions", "light-model")}


def test_what_was_just_installed_matches(installed: Client, python_minor: str) -> None:
    outcome = installed.json("install", "light_model")
    found = versions(installed)[outcome["lock_hash"]]
    assert found.keys() >= KEYS
    assert (found["project"], found["version"]) == ("light-model", outcome["version"])
    assert (found["python"], found["status"]) == (python_minor, "ready")
    assert (found["matches_local"], found["differences"]) == (True, [])
    assert found["packages"] == 3
    assert found["size_bytes"] > 100_000
    assert found["last_used"] is None


def test_an_environment_tells_when_a_job_used_it_last(installed: Client) -> None:
    lock = installed.json("install", "light_model")["lock_hash"]
    job = installed.submit("light_model:answer", "--no-memo")
    installed.run("result", job)
    seen = installed.json("status", job)
    used = versions(installed)[lock]["last_used"]
    assert moment(seen["submitted"]) <= moment(used) <= moment(seen["finished"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_after_an_edit_the_difference_is_named(installed: Client, model: ModelTree) -> None:
    outcome = installed.json("install", "light_model")
    model.edit("light_model.py", "return 2 * layer", "return 3 * layer")
    found = versions(installed)[outcome["lock_hash"]]
    assert found["matches_local"] is False
    (difference,) = found["differences"]
    assert difference["name"] == "light-model"
    assert difference["service"] == outcome["version"]
    assert difference["local"].startswith("0.1+t")
    assert difference["local"] != outcome["version"]
    printed = installed.run("versions", "light-model").stdout
    assert f"light-model: {difference['local']} here, {outcome['version']} there" in printed


def test_versions_of_a_project_that_is_not_there_are_none(client: Client) -> None:
    assert client.json("versions", "no-such-project") == []
    assert "no version of no-such-project" in client.run("versions", "no-such-project").stdout


@pytest.mark.slow
def test_each_version_gives_its_own_answer(client: Client, model: ModelTree, answer: int) -> None:
    first = client.json("install", "light_model")
    model.edit("light_model.py", f"ANSWER = {answer}", f"ANSWER = -{answer}")
    second = client.json("install", "light_model")
    assert client.call("light_model:answer", "--no-memo", "--lock", first["lock_hash"]) == answer
    assert client.call("light_model:answer", "--no-memo", "--lock", second["lock_hash"]) == -answer
    assert client.call("light_model:answer", "--no-memo") == -answer
    seen = client.call("light_model:versions", "--lock", first["lock_hash"][:12])
    assert seen["light-model"] == first["version"]
    model.edit("light_model.py", f"ANSWER = -{answer}", f"ANSWER = {answer}")
    assert client.call("light_model:answer", "--no-memo") == answer


@pytest.mark.slow
def test_jobs_of_both_versions_at_once(client: Client, model: ModelTree, answer: int) -> None:
    first = client.json("install", "light_model")["lock_hash"]
    model.edit("light_model.py", f"ANSWER = {answer}", f"ANSWER = -{answer}")
    second = client.json("install", "light_model")["lock_hash"]
    jobs = [
        client.submit("light_model:answer", "--lock", lock, "--no-memo")
        for lock in (first, second) * 2
    ]
    results = [client.run("result", job).stdout.strip() for job in jobs]
    assert results == [str(answer), str(-answer)] * 2
    environments = {client.json("status", job)["environment"] for job in jobs}
    assert len(environments) == 2


def test_a_job_of_code_that_is_not_there_is_refused_package_by_package_where_asked(
    installed: Client, model: ModelTree
) -> None:
    installed.run("install", "light_model")
    jobs = installed.json("jobs")
    model.edit("light_model.py", "return 2 * layer", "return 3 * layer")
    message = installed.error("submit", "light_model:answer", "--install", "never", status=5)
    assert "has no environment that matches light-model 0.1+t" in message
    assert "\nthe service has another edit of it\n" in message
    assert "\nhint: park install light_model" in message
    assert installed.json("jobs") == jobs
    installed.run("install", "light_model")
    installed.submit("light_model:answer", "--no-memo")


def test_a_model_that_was_never_installed_is_refused_with_the_command_to_run(
    client: Client, service: ParkService
) -> None:
    never = ("--install", "never", "--arg", 'string=""')
    message = client.error("submit", "tomlkit:parse", *never, status=5)
    assert f"{service.url} has no environment that matches tomlkit" in message
    assert "\nthe service has no environment of it yet\n" in message
    assert "\nhint: park install tomlkit" in message


def test_a_lock_that_nobody_has(client: Client) -> None:
    for lock, status, said in (
        ("f" * 64, 5, "no environment with"),
        ("f" * 12, 2, "no lock begins"),
    ):
        message = client.error("submit", "light_model:answer", "--lock", lock, status=status)
        assert said in message


def test_of_many_edits_the_newest_is_listed_and_the_rest_counted(
    client: Client, model: ModelTree, service: ParkService, answer: int
) -> None:
    for now, then in ((answer, 1), (1, 2)):
        model.edit("light_model.py", f"ANSWER = {now}", f"ANSWER = {then}")
        newest = client.json("install", "light_model")
    project = {"project": "light-model"}
    edits = [each for each in service.get(VERSIONS, **project) if "+t" in each["version"]]
    folded = [
        each for each in service.get(VERSIONS, **project, newest=1) if "+t" in each["version"]
    ]
    assert len(edits) > 1
    assert [each["version"] for each in folded] == [newest["version"]]
    assert folded[0]["older"] == len(edits) - 1
    old = edits[-1]["version"]
    assert {each["version"] for each in service.get(VERSIONS, **project, version=old)} == {old}
    listed = {each["lock_hash"]: each for each in service.get("/api/v1/environments", newest=1)}
    assert listed[newest["lock_hash"]]["older"] > 0
