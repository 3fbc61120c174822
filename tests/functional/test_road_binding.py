"""A job runs in the environment that bears its lock hash, and nowhere else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.park_client import Client, Scientist

MANIFEST = "park-environment.json"


@pytest.fixture(scope="module")
def installed(scientist: Scientist) -> Client:
    """Return one client for all tests here; each leaves its environment repaired."""
    return scientist.client


@pytest.fixture
def answer(scientist: Scientist) -> int:
    """Return the constant of its model."""
    return scientist.answer


@pytest.fixture
def environment(installed: Client) -> Path:
    """Return the folder of an environment in which a job has run."""
    job = installed.submit("light_model:answer")
    installed.run("result", job)
    return Path(installed.json("status", job)["environment"])


def refused(client: Client, runs: Path, *options: str) -> str:
    """Submit a job that must not start; return the reason."""
    document = client.json("run", "light_model:count", "-a", f'path="{runs}"', *options, status=1)
    assert document["status"] == "failed"
    assert not runs.exists(), "the job ran"
    record = client.json("status", document["id"])
    assert (record["started"], record["pid"]) == (None, None)
    assert "\n" not in record["error"]
    return str(document["error"])


def runs_again(client: Client, runs: Path, answer: int) -> None:
    """Install again, and see the job run once."""
    outcome = client.json("install", "light_model")
    assert (outcome["status"], outcome["built"], outcome["uploaded"]) == ("ready", [], [])
    runs_once(client, runs, answer)


def runs_once(client: Client, runs: Path, answer: int) -> None:
    """See the job run once: where its environment was damaged, after that was repaired."""
    assert client.call("light_model:count", path=str(runs)) == answer
    assert len(runs.read_text().splitlines()) == 1
    lock = client.json("install", "light_model")["lock_hash"]
    assert client.json("env", "verify", lock, "--thorough")["damages"] == []


def was_repaired(client: Client, environment: Path) -> str:
    """Return why the service found that the environment had to be repaired, the last time."""
    events = [
        event
        for event in client.events()
        if event["id"] == environment.name and event["type"] == "damaged"
    ]
    return str(events[-1]["data"]["error"])


def edit_manifest(environment: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = environment / MANIFEST
    document = json.loads(file.read_text())
    change(document)
    file.chmod(0o644)
    file.write_text(json.dumps(document))


def test_a_manifest_with_another_lock_hash(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    edit_manifest(environment, lambda document: document.update(lock_hash="0" * 64))
    reason = refused(installed, tmp_path / "runs")
    assert environment.name in reason
    assert "0" * 64 in reason
    runs_again(installed, tmp_path / "runs", answer)


def test_a_manifest_with_another_package(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    edit_manifest(environment, lambda document: document["packages"].pop())
    assert "not the environment that was asked for" in refused(installed, tmp_path / "runs")
    runs_again(installed, tmp_path / "runs", answer)


@pytest.mark.parametrize("content", ["", "[]", '{"format": 99}'])
def test_a_manifest_that_is_damaged(
    installed: Client, environment: Path, tmp_path: Path, answer: int, content: str
) -> None:
    (environment / MANIFEST).chmod(0o644)
    (environment / MANIFEST).write_text(content)
    runs_once(installed, tmp_path / "runs", answer)
    reason = was_repaired(installed, environment)
    assert f"the manifest of environment {environment.name} is damaged" in reason


def test_an_environment_without_a_manifest_or_gone(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    (environment / MANIFEST).unlink()
    runs_once(installed, tmp_path / "runs", answer)
    assert f"no environment {environment.name}" in was_repaired(installed, environment)


def test_a_module_that_was_put_into_the_environment(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    (site,) = environment.glob("lib/python*/site-packages")
    site.chmod(0o755)
    (site / "sitecustomize.py").write_text("")
    runs_once(installed, tmp_path / "runs", answer)
    assert "sitecustomize.py added" in was_repaired(installed, environment)
    assert not (site / "sitecustomize.py").exists()


def test_a_link_that_leads_to_other_code(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    (link,) = environment.glob("lib/python*/site-packages/light_model.py")
    other = tmp_path / "other.py"
    other.write_text(f"def count(path):\n    open({str(tmp_path / 'runs')!r}, 'w')\n")
    link.parent.chmod(0o755)
    link.unlink()
    link.symlink_to(other)
    runs_once(installed, tmp_path / "runs", answer)
    assert "light_model.py changed" in was_repaired(installed, environment)


def test_a_scribble_through_a_link_into_the_store(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    (link,) = environment.glob("lib/python*/site-packages/light_model.py")
    module = link.resolve()
    before = module.stat()
    module.chmod(0o644)
    module.write_text(module.read_text().replace(f"ANSWER = {answer}", f"ANSWER = {answer + 1}"))
    module.chmod(before.st_mode)
    os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))
    runs_once(installed, tmp_path / "runs", answer)
    assert "light-model: site/light_model.py changed" in was_repaired(installed, environment)


def test_two_environments_in_each_other_s_place(
    scientist: Scientist, installed: Client, environment: Path, tmp_path: Path
) -> None:
    model, answer = scientist.model, scientist.answer
    model.edit("light_model.py", f"ANSWER = {answer}", f"ANSWER = -{answer}")
    other_lock = installed.json("install", "light_model")["lock_hash"]
    other = environment.with_name(other_lock)
    aside = environment.with_name(".aside")
    for source, target in ((environment, aside), (other, environment), (aside, other)):
        source.rename(target)
    for lock in (environment.name, other.name):
        reason = refused(installed, tmp_path / "runs", "--lock", lock)
        assert f"expected lock hash {lock}" in reason
    runs_again(installed, tmp_path / "runs", -answer)
    (tmp_path / "runs").unlink()
    model.edit("light_model.py", f"ANSWER = -{answer}", f"ANSWER = {answer}")
    runs_again(installed, tmp_path / "runs", answer)


def test_a_lock_that_the_service_never_made_is_refused_at_submission(installed: Client) -> None:
    message = installed.error("submit", "light_model:answer", "--lock", "0" * 64, status=2)
    assert "no lock begins with" in message
