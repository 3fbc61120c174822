"""Which index this machine is set to use: what pip says of itself is the measure."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from park_server.egress.machine_index import machine_index

if TYPE_CHECKING:
    from pathlib import Path


def said_by_pip(environ: dict[str, str]) -> str | None:
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None if done.returncode == 0 else None


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Give variables with a home of their own, in which each kind of file names another index."""
    files = {
        "machine/pip/pip.conf": "[global]\nindex-url = https://machine.example/simple\n",
        ".pip/pip.conf": "[global]\nindex_url = https://old.example/simple\n",
        ".config/pip/pip.conf": "[global]\nINDEX-URL: https://user.example/simple\n",
        "own/pip/pip.conf": "[global]\nindex-url = https://own.example/simple\n",
        "named.conf": "[install]\nindex-url = https://install.example\n[global]\ntimeout = 9\n",
        "broken.conf": "index-url = https://broken.example\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    own = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    monkeypatch.setenv("HOME", str(tmp_path))
    return own | {"XDG_CONFIG_DIRS": f"{tmp_path}/nothing:{tmp_path}/machine"}


@pytest.mark.parametrize(
    ("said", "index"),
    [
        ({}, "https://user.example/simple"),
        ({"XDG_CONFIG_HOME": "own"}, "https://own.example/simple"),
        ({"PIP_CONFIG_FILE": "absent.conf"}, "https://user.example/simple"),
        ({"PIP_CONFIG_FILE": "own/pip/pip.conf"}, "https://own.example/simple"),
        ({"PIP_CONFIG_FILE": os.devnull}, None),
        ({"PIP_CONFIG_FILE": "broken.conf"}, None),
    ],
)
def test_it_is_what_pip_says(
    tmp_path: Path, environ: dict[str, str], said: dict[str, str], index: str | None
) -> None:
    environ |= {name: str(tmp_path / value) for name, value in said.items()}
    assert machine_index(environ) == index
    assert said_by_pip(environ) == index


def test_what_is_named_beside_the_machines_own_wins_where_it_says_something(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    environ["PIP_CONFIG_FILE"] = str(tmp_path / "named.conf")  # those of the user are not read then
    # as `pip install` has it; `pip config get` forgets the machine's own here (pip 26)
    assert machine_index(environ) == "https://machine.example/simple"


def test_variables_win_over_files(environ: dict[str, str]) -> None:
    assert (
        machine_index(environ | {"PIP_INDEX_URL": "https://p", "UV_INDEX_URL": ""}) == "https://p"
    )
    assert machine_index(environ | {"PIP_INDEX_URL": "https://p", "UV_INDEX_URL": "u"}) == "u"
