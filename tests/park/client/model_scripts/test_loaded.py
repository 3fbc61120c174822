"""The program that loads a script, with a bumps that is as small as can be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from park.client.model_scripts import loaded as asking
from park.client.model_scripts.loaded import Loaded, can_load, loaded
from park.errors import UsageError

FITPROBLEM = """
import os, sys
class Problem:
    name = "film"
    def getp(self):
        return [1.0, 2.0]
def load_problem(path, args=None):
    before, there = sys.argv, os.getcwd()
    sys.argv = [str(path), *args]
    os.chdir(path.parent)
    try:
        exec(compile(path.read_text(), str(path), "exec"), {"__file__": str(path)})
    finally:
        sys.argv = before
        os.chdir(there)
    return Problem()
"""

CLI = """
import argparse
def build_arg_parser():
    parser = argparse.ArgumentParser()
    parser.add_argument("filename")
    parser.add_argument("--samples", type=int)
    return parser
"""


@pytest.fixture
def bumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where a bumps lies that is importable here."""
    site = tmp_path / "site-packages"
    (site / "bumps/webview/server").mkdir(parents=True)
    for folder in ("bumps", "bumps/webview", "bumps/webview/server"):
        (site / folder / "__init__.py").write_text("")
    (site / "bumps/fitproblem.py").write_text(FITPROBLEM)
    (site / "bumps/webview/server/cli.py").write_text(CLI)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *sys.path]))
    return site


def taken(tmp_path: Path, text: str, *arguments: str, options: tuple[str, ...] = ()) -> Loaded:
    script = tmp_path / "fits" / "model.py"
    script.parent.mkdir(exist_ok=True)
    (script.parent / "run.dat").write_text("1 2 3")
    (script.parent / "peaks.py").write_text("")
    script.write_text(text)
    return loaded(script, arguments, options)


def test_it_tells_what_the_script_imports_and_opens(bumps: Path, tmp_path: Path) -> None:
    text = "import peaks, sys\nopen('run.dat').read()\nopen('out.dat', 'w').write('1')\n"
    text += "open('out.dat').read()\nassert sys.argv[1:] == ['0.3']\n"
    found = taken(tmp_path, text, "0.3", options=("--samples=3",))
    folder = tmp_path / "fits"
    assert found.parameters == 2
    assert found.modules["peaks"] == str(folder / "peaks.py")
    assert found.modules["bumps"] == str(bumps / "bumps/__init__.py")
    assert found.opened[str(folder / "run.dat")] == "run.dat"
    assert str(folder / "out.dat") not in found.opened  # it wrote that itself
    assert not {"__main__", "park.client.model_scripts.probe"} & found.modules.keys()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\nopen('none.dat')\n", r"model\.py, line 2: FileNotFoundError: .*none\.dat"),
        ("x = (\n", r"model\.py, line 1: .*SyntaxError"),
        (
            "import sys\nprint('usage: N', file=sys.stderr)\nsys.exit(1)\n",
            "ends with 1\n.*usage: N",
        ),
        (
            "import sys\nprint('usage: N')\nsys.exit()\n",
            r"model\.py, line 3: it ends before it has a problem\n  usage: N",
        ),
        ("import os\nos._exit(7)\n", "its process ended with 7"),
    ],
)
@pytest.mark.usefixtures("bumps")
def test_what_fails_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=f"(?s){told}") as error:
        taken(tmp_path, text)
    assert "bumps model.py --chisq" in str(error.value.hint)


@pytest.mark.usefixtures("bumps")
def test_options_that_bumps_does_not_take_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unrecognized arguments: --magic=1"):
        taken(tmp_path, "", options=("--magic=1",))
    with pytest.raises(UsageError, match="argument --samples: invalid int value: 'x'"):
        taken(tmp_path, "", options=("--samples=x",))


def test_it_can_load_where_there_is_a_bumps_with_a_browser(
    bumps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "find_spec", lambda _: None)
    assert not can_load()

    def missing(_: str) -> Any:
        raise ModuleNotFoundError("bumps")

    monkeypatch.setattr(asking, "find_spec", missing)
    assert not can_load()
    script = "from park.client.model_scripts.loaded import can_load; print(can_load())"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert json.loads(done.stdout.lower()) is True
    assert bumps.is_dir()
