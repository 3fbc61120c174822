"""Whether a service can be meant where none is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from park.client.access.config import Configuration, ConfiguredService
from park.client.access.first_steps import has_a_service
from park.client.access.local_services import RunningService, announce


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("PARK_SERVICE", raising=False)
    return Configuration(tmp_path / "config.toml")


def test_a_configured_one_counts(configuration: Configuration) -> None:
    assert not has_a_service()
    configuration.add(ConfiguredService(name="one", url="http://one"))
    assert has_a_service()


def test_one_in_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_SERVICE", "http://one")
    assert has_a_service()


def test_one_that_runs_here_counts() -> None:
    announce(RunningService(url="http://127.0.0.1:1", pid=os.getpid(), token_file="t"))
    assert has_a_service()
