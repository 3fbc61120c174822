"""The commands in groups: each once, in lines that a terminal shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from park.cli.command_groups import COMMANDS, GROUPS, grouped_help
from park.cli.main import main
from park.client.access.config import Configuration, ConfiguredService

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("PARK_SERVICE", raising=False)
    return Configuration(tmp_path / "config.toml")


def test_each_command_is_in_one_group_and_on_one_line() -> None:
    counted = Counter(name for group in GROUPS for name in group.commands)
    assert set(counted.values()) == {1}
    lines = grouped_help().splitlines()
    assert {line.split()[0] for line in lines if line.startswith("  ")} == set(COMMANDS)
    assert [line for line in lines if len(line) > 90] == []


def test_help_begins_with_what_is_wanted_most(capsys: Said) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = capsys.readouterr().out
    assert said.index("\nrun:\n  run ") < said.index("\nsee:\n") < said.index("\noperate:\n")
    assert said.index("\noperate:\n") < said.index("exit status: 0 done")


def test_who_says_nothing_and_has_no_service_is_told_how_to_begin(
    configuration: Configuration, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert main([]) == 2
    said = capsys.readouterr().err
    assert "COMMAND --help" in said
    assert said.endswith("(pip install 'park-dist[server]')\n")
    assert "park init" in said
    configuration.add(ConfiguredService(name="one", url="http://one"))
    assert main([]) == 2
    assert "To begin" not in capsys.readouterr().err
