"""What the operator keeps ready: by version, by a lock file, by a lock hash; safe from eviction."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import uv
from support.services.park_client import Client
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.services.park_client import ModelTree


@pytest.fixture
def small(tmp_path: Path) -> Iterator[ParkService]:
    """Run a service that keeps nothing: whatever is idle and not the newest is evicted."""
    with ParkService(tmp_path / "small", "--quota", "1K") as running:
        yield running


@pytest.fixture
def operator(light_python: Path, client_cache: Path, tmp_path: Path, small: ParkService) -> Client:
    """Return the command line of the user who runs that service."""
    return Client.of(light_python, tmp_path / "operator", cache=client_cache, service=small)


def offered(client: Client, service: ParkService, *arguments: str | Path) -> dict[str, Any]:
    """Offer, and return the offer once its environment is pinned."""
    (offer,) = client.json("admin", "offer", *arguments)
    after, deadline = 0, time.monotonic() + LIMIT_S
    while not offer["lock_hash"] or not pins_of(client, offer["lock_hash"]):
        assert offer["state"] != "failed", offer
        # what resolves goes on with a second install: the closure as pins
        seen = service.get("/api/v1/events", after=after, wait=30)
        assert time.monotonic() < deadline, "nothing happens to the offer"
        after = seen[-1]["seq"] if seen else after
        (offer,) = [each for each in client.json("admin", "offers") if is_same(each, offer)]
    return dict(offer)


def is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (one["project"], one["version"]) == (other["project"], other["version"])


def environment(client: Client, lock: str) -> dict[str, Any]:
    (found,) = [each for each in client.json("env", "list") if each["lock_hash"] == lock]
    return dict(found)


def pins_of(client: Client, lock: str) -> list[str]:
    return [
        pin
        for each in client.json("env", "list")
        if each["lock_hash"] == lock
        for pin in each["pinned_by"]
    ]


class Pressure:
    """Edits and installs a model: each install evicts whatever is idle and may go."""

    def __init__(self, client: Client, service: ParkService, model: ModelTree, answer: int) -> None:
        self._client, self._service, self._model, self._answer = client, service, model, answer
        self._last = self.install()

    def install(self) -> str:
        return str(self._client.json("install", "light_model")["lock_hash"])

    def squeeze(self) -> str:
        """Install anew until the one before is evicted; return its lock hash."""
        before, self._answer = self._answer, self._answer + 100_000
        self._model.edit("light_model.py", f"ANSWER = {before}", f"ANSWER = {self._answer}")
        evicted, self._last = self._last, self.install()
        self._service.event(evicted, "evicted")
        return evicted


@pytest.mark.slow
def test_what_is_offered_is_never_evicted_and_what_is_withdrawn_may_be(
    operator: Client, small: ParkService, model: ModelTree, answer: int
) -> None:
    offer = offered(operator, small, "iniconfig==2.1.0")
    lock = offer["lock_hash"]
    assert pins_of(operator, lock) == ["offer iniconfig==2.1.0"]
    pressure = Pressure(operator, small, model, answer)
    pressure.squeeze()
    pressure.squeeze()
    assert environment(operator, lock)["status"] == "ready"
    assert (small.home / "envs" / "v1" / lock).is_dir()

    operator.run("admin", "withdraw", "iniconfig==2.1.0")

    assert pins_of(operator, lock) == []
    pressure.squeeze()
    assert small.event(lock, "evicted")["data"] == {"why": "over the quota"}
    assert not (small.home / "envs" / "v1" / lock).exists()


@pytest.mark.slow
def test_an_environment_that_is_there_is_offered_by_its_lock_hash(
    operator: Client, small: ParkService, model: ModelTree, answer: int
) -> None:
    pressure = Pressure(operator, small, model, answer)
    lock = pressure.squeeze()  # evicted: it comes back for the offer
    project, _, version = environment(operator, lock)["projects"][0].partition("==")

    (offer,) = operator.json("admin", "offer", "--lock", lock[:10])

    assert (offer["project"], offer["version"]) == (project, version)
    assert (offer["lock_hash"], offer["state"]) == (lock, "ready")
    assert pins_of(operator, lock) == [f"offer {project}=={version}"]
    small.event(lock, "realising")
    assert operator.call("light_model:answer", "--no-memo", "--offer", "light-model") == answer
    pressure.squeeze()
    assert environment(operator, lock)["status"] == "ready"
    (again,) = operator.json("admin", "offer", f"{project}=={version}", "--lock", lock)
    assert {**again, "created": offer["created"]} == offer
    assert pins_of(operator, lock) == [f"offer {project}=={version}"]
    small.restart()
    assert operator.json("admin", "offers") == [again]
    operator.run("admin", "withdraw", f"{project}=={version}")
    assert pins_of(operator, lock) == []


def test_a_lock_file_says_exactly_what_is_kept_ready(
    operator: Client, small: ParkService, tmp_path: Path
) -> None:
    lock, wanted = tmp_path / "pylock.toml", "jinja2==3.1.6\nmarkupsafe==3.0.1\n"
    command = [uv.find_uv_bin(), "pip", "compile", "-q", "-", "--python", sys.executable]
    options = ["--format", "pylock.toml", "-o", str(lock)]
    subprocess.run([*command, *options], input=wanted, text=True, check=True, capture_output=True)

    offer = offered(operator, small, "jinja2==3.1.6", "--lock", lock)

    packages = operator.json("env", "show", offer["lock_hash"])["packages"]
    assert {each["name"]: each["version"] for each in packages} == {
        "jinja2": "3.1.6",
        "markupsafe": "3.0.1",
    }
    # changed by hand: the lock is honoured, or refused
    text = lock.read_text()
    jinja2 = tomllib.loads(text)["packages"][0]
    right = jinja2["wheels"][0]["hashes"]["sha256"]
    lock.write_text(text.replace(right, "0" * 64))
    refused = operator.error("admin", "offer", "jinja2==3.1.6", "--lock", lock, status=5)
    assert f"expected sha256 {'0' * 64}, the index has one with sha256 {right}" in refused
    # a text that is no lock hash is a file
    assert "No such file" in operator.error("admin", "offer", "a==1", "--lock", "none", status=2)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "an offer needs PROJECT==VERSION, or --lock HASH"),
        (("--lock", "0" * 64), "no lock begins with '000000"),
        (("jinja2", "--lock", "0" * 64), "'jinja2' is not of the form PROJECT==VERSION"),
    ],
)
def test_what_cannot_be_offered_is_told(
    client: Client, arguments: tuple[str, ...], reason: str
) -> None:
    message = client.error("admin", "offer", *arguments, status=2)
    assert reason in message
    assert "hint: " in message or "form" in reason


def test_a_lock_is_not_offered_as_what_was_never_installed_under_it(installed: Client) -> None:
    lock = installed.json("install", "light_model")["lock_hash"]
    message = installed.error("admin", "offer", "numpy==2.0.0", "--lock", lock, status=2)
    assert f"numpy==2.0.0 is not installed under lock {lock[:12]}" in message
    assert installed.json("admin", "offers") == []
