"""Commands in hints: those that work here."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.local.hint_commands import install_command, quoted

if TYPE_CHECKING:
    from pathlib import Path


def test_pip_installs_where_it_is_there() -> None:
    said = install_command("--editable", "/home/ada/my film")
    assert said == 'python -m pip install --editable "/home/ada/my film"'


def test_uv_installs_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("park.local.hint_commands.find_spec", lambda _: None)
    monkeypatch.setattr(sys, "executable", "/home/ada/my film/bin/python")
    said = install_command("numpy>=2")
    assert said == 'uv pip install --python "/home/ada/my film/bin/python" "numpy>=2"'


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1))
def test_a_shell_reads_one_word(word: str) -> None:
    assert shlex.split(quoted(word)) == [word]


@pytest.mark.parametrize("word", ["~/shared/run.refl", "a b", "film#1", "$HOME", "x!y", "`id`"])
def test_a_shell_does_nothing_to_it(tmp_path: Path, word: str) -> None:
    said = subprocess.run(
        ["sh", "-c", f"printf %s {quoted(word)}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == word
