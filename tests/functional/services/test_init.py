"""``park init`` with a real service: asked as on a terminal, and told all by arguments."""

from __future__ import annotations

import argparse
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from park.cli.main import main
from park.cli.services.init import Questions, initialised
from park.client.access.address import find_service
from park.client.access.config import Configuration
from park.errors import NotAuthenticated

if TYPE_CHECKING:
    from support.services.park_service import ParkService


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    """Be somebody who has no configuration, on another machine than the service's."""
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    for variable in ("PARK_TOKEN", "PARK_SERVICE"):
        monkeypatch.delenv(variable, raising=False)
    return Configuration(tmp_path / "config.toml")


def test_the_token_that_is_typed_is_tried_and_kept_for_its_user_alone(
    service: ParkService, configuration: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, secrets = iter([service.url, ""]), iter(["wrong", "two words", service.token])
    options = argparse.Namespace(url=None, name=None, token_file=None, insecure=False)
    questions = Questions(ask=lambda _: next(lines), ask_secret=lambda _: next(secrets))
    named, about = initialised(configuration, options, questions)
    assert (named.name, named.url) == ("here", service.url)
    assert about.user
    assert configuration.default == "here"
    assert find_service().token == service.token
    assert named.token_file is not None
    assert stat.S_IMODE(named.token_file.stat().st_mode) == 0o600
    assert service.token not in capsys.readouterr().out


def test_all_can_be_said_by_arguments(
    service: ParkService,
    configuration: Configuration,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "token"
    file.write_text(service.token)
    assert main(["init", service.url, "--name", "fans", "--token-file", str(file)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"fans is {service.url} (in {configuration.path})\n")
    assert "park run MODULE:FUNCTION" in said
    assert find_service("fans").token == service.token


def test_without_a_token_nothing_is_written(
    service: ParkService, configuration: Configuration
) -> None:
    options = argparse.Namespace(url=service.url, name="fans", token_file=None, insecure=False)
    with pytest.raises(NotAuthenticated):
        initialised(configuration, options, None)
    assert not configuration.path.exists()
