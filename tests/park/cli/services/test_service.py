"""``park service``: names for services in the user's configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from park.cli.main import main
from park.client.access.config import Configuration

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "config.toml"


def test_services_are_named_chosen_and_forgotten(configuration: Path, capsys: Said) -> None:
    (configuration.parent / "t").write_text("token")
    assert main(["service", "add", "one", "https://one.example/park/", "--token-file", "~/t"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("one is https://")
    assert str(configuration) in said
    assert str(configuration.parent / "t") in configuration.read_text()  # ~ is spelled out
    assert main(["service", "add", "two", "http://two.example"]) == 0
    assert main(["service", "use", "two"]) == 0
    capsys.readouterr()
    assert main(["service", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines][1] == ["*", "two"]
    assert lines[0].startswith("  one")
    assert main(["service", "remove", "one"]) == 0
    capsys.readouterr()
    assert main(["service", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"name": "two", "url": "http://two.example", "default": True}
    ]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["add", "http://one.example", "one"], "is a URL, not a name"),
        (["add", "one", "one.example"], "one.example"),
        (["use", "absent"], "no service named 'absent'"),
        (["remove", "absent"], "no service named 'absent'"),
    ],
)
def test_what_cannot_be_is_refused(
    configuration: Path, capsys: Said, words: list[str], line: str
) -> None:
    assert main(["service", *words]) == 2
    assert line in capsys.readouterr().err
    assert not configuration.exists()


@pytest.mark.parametrize(
    ("name", "proposed"),
    [("x y", "x-y"), ("-s", "s"), ("a/b", "a-b"), ("", "NAME"), ("x\n", "x"), ("sns.", "sns")],
)
def test_a_name_that_a_shell_takes_apart_is_refused(
    name: str, proposed: str, configuration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service", "add", "--", name, "http://one"]) == 2
    said = capsys.readouterr().err
    assert f"{name!r} is no name" in said
    assert f"hint: park service add {proposed} http://one" in said
    assert Configuration(configuration).services() == []


@pytest.mark.parametrize("name", ["sns", "sns-2.dev", "s", "Gerät_1"])
def test_a_name_of_letters_digits_and_signs_between_is_taken(
    name: str, configuration: Path
) -> None:
    assert main(["service", "add", name, "http://one"]) == 0
    assert [service.name for service in Configuration(configuration).services()] == [name]


def test_a_token_file_that_is_not_there_is_told_at_once(configuration: Path, capsys: Said) -> None:
    line = ["service", "add", "one", "https://one.example", "--token-file", "~/absent"]
    assert main(line) == 2
    assert f"there is no file {configuration.parent / 'absent'}" in capsys.readouterr().err
    assert not configuration.exists()
