"""Completion of shells, and what starting costs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.asked_service import asked_service

from park.cli.main import main, whole_parser
from park.cli.shells.bash import bash
from park.cli.shells.fish import fish
from park.cli.shells.words import words
from park.cli.shells.zsh import zsh

Said = pytest.CaptureFixture[str]

WORDS = list(words(whole_parser(), ("park",)))

SCRIPTS = {"bash": bash(WORDS), "fish": fish(WORDS), "zsh": zsh(WORDS)}


def test_every_command_is_known_and_every_action() -> None:
    known = {(word.path, word.text) for word in WORDS}
    assert {(("park",), "files"), (("park", "admin"), "offers")} <= known


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_shell_reads_its_script(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(SCRIPTS[shell])
    subprocess.run([shell, "-n", tmp_path / "script"], check=True, timeout=LIMIT_S)


@pytest.mark.parametrize("shell", SCRIPTS)
def test_each_script_knows_each_word(shell: str) -> None:
    for word in WORDS:
        assert word.text.removeprefix("--").removeprefix("-") in SCRIPTS[shell]


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_command_prints_the_script(shell: str, capsys: Said) -> None:
    assert main(["completion", shell]) == 0
    assert capsys.readouterr().out == SCRIPTS[shell]


def test_without_a_shell_they_are_named(capsys: Said) -> None:
    assert main(["completion"]) == 2
    assert "hint: park completion bash | fish | zsh" in capsys.readouterr().err


def test_a_line_is_answered_value_by_value(
    capsys: Said, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text('[services.sns]\nurl = "http://h"\n')
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    assert main(["completion", "--line", "park service use "]) == 0
    assert capsys.readouterr() == ("sns\thttp://h\n", "")
    assert main(["completion", "--line", "park plan "]) == 3  # left to files
    assert main(["completion", "--line", "park build ./"]) == 3
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("line", ["", "park", "park 'no end", "park nothing-like-this ", "\\"])
def test_a_line_that_is_none_is_answered_with_nothing(line: str, capsys: Said) -> None:
    assert main(["completion", "--line", line]) == 0
    assert capsys.readouterr().err == ""


def test_a_service_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A whole process ends, though its question never does; nothing comes on stderr."""
    held = threading.Event()
    with asked_service({}, held=held) as (url, asked):
        variables = {"PARK_SERVICE": url, "PARK_STATE_DIR": str(tmp_path), "PARK_TOKEN": "t"}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        done = subprocess.run(
            [sys.executable, "-m", "park", "completion", "--line", "park status "],
            capture_output=True,
            check=True,
            timeout=LIMIT_S,
        )
        assert not held.is_set()
        # a slow machine gives up before it has asked
        assert asked in ([], [("/api/v1/jobs?limit=50", "Bearer t")])
    assert (done.stdout, done.stderr) == (b"", b"")


def test_every_command_has_examples() -> None:
    for name in {word.text for word in WORDS if word.path == ("park",) and not word.is_option}:
        done = subprocess.run(
            [sys.executable, "-m", "park", name, "--help"],
            capture_output=True,
            text=True,
            check=True,
            timeout=LIMIT_S,
        )
        assert f"examples:\n  park {name}" in done.stdout


def test_starting_loads_nothing_that_it_does_not_need() -> None:
    code = "import sys; sys.argv[1:] = ['--version']\nfrom park.cli.main import main\n"
    code += "try:\n    main()\nexcept SystemExit:\n    pass\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
    )
    loaded = set(done.stdout.split())
    assert not loaded & {
        "httpx2",
        "packaging",
        "rich",
        "platformdirs",
        "tomlkit",
        "asyncio",
        "dataclasses",
    }
    assert "park.cli.completion" not in loaded


def test_answering_a_shell_loads_nothing_that_takes_long() -> None:
    code = "import sys; sys.argv[1:] = ['completion', '--line', 'park jobs --label x']\n"
    code += "from park.cli.main import main\nmain()\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"httpx2", "packaging", "rich", "tomlkit", "asyncio"}
