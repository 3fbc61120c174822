"""An interpreter describes itself, whichever has `packaging` where it is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import packaging
import pytest

from park_server.envs import interpreter_query

FOLDER = Path(packaging.__file__).parents[1]


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    """What the base of this interpreter says, without its site packages."""
    command = [sys.executable, "-I", "-S", interpreter_query.__file__, str(FOLDER)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said)
    return found


def test_it_says_what_it_is(answer: dict[str, Any]) -> None:
    assert answer["implementation"] == sys.implementation.name
    assert answer["version"] == sys.version.split()[0].rstrip("+")
    assert answer["cache_tag"] == sys.implementation.cache_tag
    assert answer["markers"]["python_full_version"] == answer["version"]


def test_its_abi_is_that_of_its_best_tag(answer: dict[str, Any]) -> None:
    assert answer["tags"][0].split("-")[1] == answer["abi"]
    assert answer["abi"].startswith("cp")
    assert "py3-none-any" in answer["tags"]


def test_of_a_virtualenv_it_is_the_one_below(answer: dict[str, Any]) -> None:
    assert sys.prefix != sys.base_prefix
    assert Path(answer["executable"]).is_relative_to(sys.base_prefix)


def test_the_standard_library_comes_before_what_is_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["query", str(tmp_path)])
    monkeypatch.setattr(sys, "path", [*sys.path])
    interpreter_query.main()
    assert sys.path[-1] == str(tmp_path)
    assert json.loads(capsys.readouterr().out)["cache_tag"] == sys.implementation.cache_tag
