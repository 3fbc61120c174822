"""Completion of shells, and what starting costs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.session.limits import LIMIT_S

from park.cli.completion import bash, fish, words, zsh
from park.cli.main import main, whole_parser

WORDS = list(words(whole_parser(), ("park",)))

COMPLETE = """
source /dev/stdin <<'SCRIPT'
{script}
SCRIPT
COMP_WORDS=({line}); COMP_CWORD=$(({count} - 1)); _park; echo "${{COMPREPLY[@]}}"
"""


def completed(line: str) -> set[str]:
    """Return what bash offers for the last word of ``line``."""
    given = line.split(" ")
    command = COMPLETE.format(
        script=bash(WORDS), line=" ".join(f"'{w}'" for w in given), count=len(given)
    )
    answer = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, timeout=LIMIT_S
    )
    assert answer.stderr == ""
    return set(answer.stdout.split())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("park sub", {"submit"}),
        ("park files re", {"remove"}),
        ("park submit --install ", {"auto", "never"}),
        ("park jobs --status c", {"completed", "cancelled"}),
        ("park env list --js", {"--json"}),
        ("park files list -", {"-h", "--help", "-s", "--service", "--json"}),
        ("park nothing-like-this sub", {"submit"}),
    ],
)
def test_bash_offers_what_may_come_next(line: str, expected: set[str]) -> None:
    assert completed(line) == expected


def test_every_command_is_offered_and_every_action() -> None:
    assert {"install", "files", "admin", "doctor", "completion"} <= completed("park ")
    assert {"offer", "offers", "withdraw"} <= completed("park admin ")


def in_fish(line: str) -> set[str]:
    """Return what fish offers for the last word of ``line``."""
    command = ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"']
    return {each.partition("\t")[0] for each in answered(command, fish(WORDS), line)}


ZSH = """
_describe() { shift; local -a them; them=("${(@P)1}"); print -l -- "${(@)them%%:*}" }
_files() { print FILES }
compadd() { shift; print -l -- "$@" }
words=("${(@s: :)2}"); CURRENT=${#words}
source "$1"
"""
"""What completion is made of, without a terminal: zsh runs the script itself."""


def in_zsh(line: str) -> set[str]:
    """Return what the script for zsh would offer for the last word of ``line``."""
    found = answered(["zsh", "-f", "-c", ZSH, "park"], zsh(WORDS), line)
    return {each for each in found if each.startswith(line.rpartition(" ")[2])}


def answered(command: list[str], script: str, line: str) -> list[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    with tempfile.NamedTemporaryFile("w", suffix=".script") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [*command, file.name, line], capture_output=True, text=True, check=True, timeout=LIMIT_S
        )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("complete", [in_fish, in_zsh])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("park sub", {"submit"}),
        ("park files re", {"remove"}),
        ("park submit --install ", {"auto", "never"}),
        ("park jobs --status c", {"completed", "cancelled"}),
        ("park env list --js", {"--json"}),
        ("park graph --d", {"--dot"}),
    ],
)
def test_fish_and_zsh_offer_what_may_come_next(
    complete: Callable[[str], set[str]], line: str, expected: set[str]
) -> None:
    assert complete(line) == expected


@pytest.mark.parametrize(("shell", "script"), [("bash", bash), ("zsh", zsh), ("fish", fish)])
def test_a_shell_reads_its_script(shell: str, script: object, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert callable(script)
    (tmp_path / "script").write_text(script(WORDS))
    subprocess.run([shell, "-n", tmp_path / "script"], check=True, timeout=LIMIT_S)


@pytest.mark.parametrize("script", [bash, zsh, fish])
def test_each_script_knows_each_word(script: object) -> None:
    assert callable(script)
    text = script(WORDS)
    for word in WORDS:
        assert word.text.removeprefix("--").removeprefix("-") in text


def test_the_command_prints_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "fish"]) == 0
    assert capsys.readouterr().out == fish(WORDS)


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
