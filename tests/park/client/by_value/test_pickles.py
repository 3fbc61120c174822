"""All kinds of functions and classes of a script, made again where nothing has the script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.material import script_cases

CASES = sorted(script_cases.CASES)

RUN = """
import importlib, json, os, sys
sys.path = [path for path in sys.path if "tests" not in path]
from park.runtime.by_value.function_node import decode_function

def run(name):
    case = json.load(open(f"{sys.argv[1]}/{name}.json"))
    function = decode_function(case, set_hash="?", inputs="")
    if function is None:
        module, _, qualname = case["name"].partition(":")
        function = getattr(importlib.import_module(module), qualname)
    return repr(function(*case["args"]))

for name in sys.argv[2:]:
    if os.fork() == 0:
        try:
            answer = run(name)
        except BaseException as error:
            import traceback
            answer = traceback.format_exc()
        open(f"{sys.argv[1]}/{name}.answer", "w").write(answer)
        os._exit(0)
    os.wait()
"""


def _written(folder: Path, seed: str) -> Path:
    folder.mkdir()
    variables = os.environ | {"PYTHONHASHSEED": seed}
    script = [sys.executable, str(script_cases.__file__), str(folder)]
    subprocess.run(script, check=True, env=variables, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the script, and then each of its functions where only their pickles are."""
    folder = _written(tmp_path_factory.mktemp("cases") / "first", "1")
    subprocess.run([sys.executable, "-c", RUN, str(folder), *CASES], check=True)
    return folder


@pytest.mark.parametrize("name", CASES)
def test_what_a_script_defines_does_the_same_where_the_script_is_not(
    written: Path, name: str
) -> None:
    expected = json.loads((written / "expected.json").read_text())[name]
    assert _plain((written / f"{name}.answer").read_text()) == _plain(expected)


def _plain(text: str) -> str:
    """Return a repr without addresses."""
    return " ".join(word for word in text.split() if not word.startswith("0x"))


def test_the_same_source_is_the_same_bytes(written: Path, tmp_path: Path) -> None:
    again = _written(tmp_path / "second", "2")
    for name in CASES:
        first, second = (_function(folder, name) for folder in (written, again))
        assert first == second, name


def _function(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text())["function"]
