"""A job runs in the environment that bears its lock hash, and nowhere else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.services.park_client import Client, Scientist
    from support.services.park_service import ParkService

pytestmark = pytest.mark.slow

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
    job = installed.submit("light_model:answer", "--no-memo")
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


def runs_once(client: Client, runs: Path, answer: int) -> None:
    """See a job of the client's own code run, in an environment that bears its lock hash."""
    job = client.submit("light_model:count", path=str(runs))
    assert json.loads(client.run("result", job).stdout) == answer
    assert len(runs.read_text().splitlines()) == 1
    record = client.json("status", job)
    manifest = json.loads(Path(record["environment"], MANIFEST).read_text())
    assert manifest["lock_hash"] == record["lock_hash"]
    assert client.json("env", "verify", record["lock_hash"], "--thorough")["damages"] == []


def was_repaired(client: Client, environment: Path) -> str:
    """Return why the service found that the environment had to be repaired, the last time."""
    events = [
        event
        for event in client.events()
        if event["id"] == environment.name and event["type"] == "damaged"
    ]
    return str(events[-1]["data"]["error"])


def overwrite(file: Path, content: str) -> None:
    """Write what is read-only, as root can."""
    file.parent.chmod(0o755)
    file.chmod(0o644)
    file.write_text(content)


def site_packages(environment: Path) -> Path:
    (site,) = environment.glob("lib/python*/site-packages")
    return site


def test_an_environment_that_bears_another_lock_hash_is_refused(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    manifest = json.loads((environment / MANIFEST).read_text())
    overwrite(environment / MANIFEST, json.dumps(manifest | {"lock_hash": "0" * 64}))
    reason = refused(installed, tmp_path / "runs")
    assert f"expected lock hash {environment.name}, its manifest says {'0' * 64}" in reason
    assert installed.json("install", "light_model")["lock_hash"] == environment.name
    runs_once(installed, tmp_path / "runs", answer)


def test_an_environment_that_lists_other_packages_is_refused(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    manifest = json.loads((environment / MANIFEST).read_text())
    manifest["packages"].pop()
    overwrite(environment / MANIFEST, json.dumps(manifest))
    assert "not the environment that was asked for" in refused(installed, tmp_path / "runs")
    installed.run("install", "light_model")
    runs_once(installed, tmp_path / "runs", answer)


def test_two_environments_in_each_other_s_place_are_both_refused(
    scientist: Scientist, installed: Client, environment: Path, tmp_path: Path
) -> None:
    model, answer = scientist.model, scientist.answer
    model.edit("light_model.py", f"ANSWER = {answer}", f"ANSWER = -{answer}")
    other = environment.with_name(installed.json("install", "light_model")["lock_hash"])
    aside = environment.with_name(".aside")
    for source, target in ((environment, aside), (other, environment), (aside, other)):
        source.rename(target)
    for lock in (environment.name, other.name):
        assert f"expected lock hash {lock}" in refused(installed, tmp_path / "no", "--lock", lock)
    installed.run("install", "light_model")
    runs_once(installed, tmp_path / "second", -answer)
    model.edit("light_model.py", f"ANSWER = -{answer}", f"ANSWER = {answer}")
    installed.run("install", "light_model")
    runs_once(installed, tmp_path / "first", answer)


def test_a_wheel_that_was_changed_and_cannot_be_had_again_is_refused(
    installed: Client, environment: Path, service: ParkService, tmp_path: Path, answer: int
) -> None:
    module = (site_packages(environment) / "light_model.py").resolve()
    overwrite(module, f"open({str(tmp_path / 'intruder')!r}, 'w')\n" + module.read_text())
    version = installed.json("versions", "light-model")[0]["version"]
    (wheel,) = service.home.glob(f"index/files/*/*/light_model-{version}-*.whl")
    aside = wheel.rename(tmp_path / "aside.whl")
    reason = refused(installed, tmp_path / "runs")
    assert f"environment {environment.name} cannot be made again" in reason
    assert wheel.name in reason
    assert not (tmp_path / "intruder").exists()
    aside.rename(wheel)
    installed.run("install", "light_model")
    runs_once(installed, tmp_path / "runs", answer)
    assert not (tmp_path / "intruder").exists()


@pytest.mark.parametrize("content", ["", "[]", '{"format": 99}'])
def test_a_manifest_that_is_damaged_has_the_environment_made_again(
    installed: Client, environment: Path, tmp_path: Path, answer: int, content: str
) -> None:
    overwrite(environment / MANIFEST, content)
    runs_once(installed, tmp_path / "runs", answer)
    reason = was_repaired(installed, environment)
    assert f"the manifest of environment {environment.name} is damaged" in reason


def test_an_environment_without_a_manifest_is_made_again(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    (environment / MANIFEST).unlink()
    runs_once(installed, tmp_path / "runs", answer)
    assert f"no environment {environment.name}" in was_repaired(installed, environment)


def test_a_module_that_was_put_into_the_environment_never_runs(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    site = site_packages(environment)
    site.chmod(0o755)
    (site / "sitecustomize.py").write_text(f"open({str(tmp_path / 'intruder')!r}, 'w')\n")
    runs_once(installed, tmp_path / "runs", answer)
    assert not (tmp_path / "intruder").exists()
    assert not (site / "sitecustomize.py").exists()
    assert "sitecustomize.py added" in was_repaired(installed, environment)


def test_a_link_that_leads_to_other_code_is_never_followed(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    link = site_packages(environment) / "light_model.py"
    other = tmp_path / "other.py"
    other.write_text(f"open({str(tmp_path / 'intruder')!r}, 'w')\ndef count(path): ...\n")
    link.parent.chmod(0o755)
    link.unlink()
    link.symlink_to(other)
    runs_once(installed, tmp_path / "runs", answer)
    assert not (tmp_path / "intruder").exists()
    assert "light_model.py changed" in was_repaired(installed, environment)


def test_a_scribble_through_a_link_into_the_store_is_seen_although_its_time_was_set_back(
    installed: Client, environment: Path, tmp_path: Path, answer: int
) -> None:
    module = (site_packages(environment) / "light_model.py").resolve()
    before = module.stat()
    overwrite(module, module.read_text().replace(f"ANSWER = {answer}", f"ANSWER = {answer + 1}"))
    module.chmod(before.st_mode)
    os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))
    runs_once(installed, tmp_path / "runs", answer)
    assert "light-model: site/light_model.py changed" in was_repaired(installed, environment)


def test_a_lock_that_the_service_never_made_is_refused_at_submission(installed: Client) -> None:
    message = installed.error("submit", "light_model:answer", "--lock", "0" * 64, status=5)
    assert "no environment with lock hash" in message
