"""``park init``: what is asked, what is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from park.cli.main import main
from park.cli.services import init
from park.cli.services.init import Questions, name_of_url
from park.client.access.config import Configuration, ConfiguredService
from park.errors import UsageError
from park.local.python_minor import python_minor

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    for variable in ("PARK_TOKEN", "PARK_SERVICE"):
        monkeypatch.delenv(variable, raising=False)
    return Configuration(tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://compufans.example.org/park", "compufans"),
        ("http://127.0.0.1:8750", "here"),
        ("http://[::1]:8750", "here"),
        ("http://localhost:8750", "here"),
        ("http://10.0.0.7", "10-0-0-7"),
        ("https://sns", "sns"),
    ],
)
def test_a_service_is_called_by_the_first_word_of_its_host(url: str, name: str) -> None:
    assert name_of_url(url) == name


def test_where_nobody_can_be_asked_it_is_said_what_is_missing(
    configuration: Configuration, capsys: Said
) -> None:
    assert main(["init"]) == UsageError.exit_code
    assert "hint: park init URL" in capsys.readouterr().err
    assert not configuration.path.exists()


def test_nothing_is_written_of_a_service_that_does_not_answer(
    configuration: Configuration, capsys: Said
) -> None:
    assert main(["init", "http://127.0.0.1:9"]) == 3
    assert "127.0.0.1:9" in capsys.readouterr().err
    assert not configuration.path.exists()


def test_a_token_file_that_is_missing_is_named(tmp_path: Path, capsys: Said) -> None:
    assert main(["init", "http://127.0.0.1:9", "--token-file", str(tmp_path / "absent")]) != 0
    assert str(tmp_path / "absent") in capsys.readouterr().err


def test_a_name_that_another_service_has_is_asked_for_again(
    configuration: Configuration, capsys: Said
) -> None:
    configuration.add(ConfiguredService(name="sns", url="https://other.example"))
    answers = iter(["sns", "s n s", ""])
    questions = Questions(ask=lambda _: next(answers), ask_secret=lambda _: "")
    url = "https://sns2.example"
    assert init._asked_name(configuration, None, url, questions) == "sns2"
    said = capsys.readouterr().out
    assert "sns is https://other.example already" in said
    assert "'s n s' is no name" in said
    with pytest.raises(UsageError, match="already"):
        init._asked_name(configuration, "sns", url, None)


def test_the_next_steps_name_the_service_where_it_is_not_the_default() -> None:
    steps = init._next_steps([python_minor()], " -s sns")
    assert "  park run -s sns MODULE:FUNCTION" in steps[-1]
    (warning,) = init._next_steps(["2.7"], "")
    assert "2.7" in warning
