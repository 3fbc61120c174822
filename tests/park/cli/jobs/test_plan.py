"""``park plan``: a script runs as itself, and where it fails that is told by its line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from park.cli.main import main


def script(folder: Path, text: str) -> str:
    (folder / "beside.py").write_text("NAME = 'beside'\n")
    (folder / "workflow.py").write_text(text)
    return str(folder / "workflow.py")


def test_a_script_has_its_arguments_and_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv, path = [*sys.argv], [*sys.path]
    text = "import sys, beside\nprint(beside.NAME, __name__, *sys.argv[1:])\n"
    assert main(["plan", "--json", script(tmp_path, text), "--sample", "film"]) == 0
    said = capsys.readouterr()
    assert said.err == "beside __main__ --sample film\n"
    json.loads(said.out)  # the plan, and nothing that the script printed
    assert (sys.argv, sys.path) == (argv, path)
    del sys.modules["beside"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\ny = x / 0\n", "workflow.py, line 2, failed: ZeroDivisionError"),
        ("import sys\nsys.exit(3)\n", "workflow.py ended itself: 3"),
        ("import sys\nsys.exit('no data')\n", "workflow.py ended itself: no data"),
    ],
)
def test_a_script_that_fails_is_told_by_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, line: str
) -> None:
    assert main(["plan", script(tmp_path, text)]) == 2
    said = capsys.readouterr()
    assert line in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_a_script_may_end_itself_well(tmp_path: Path) -> None:
    assert main(["plan", script(tmp_path, "import sys\nsys.exit(0)\n")]) == 0


def test_a_script_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(tmp_path / "absent.py")]) == 2
    assert "no script" in capsys.readouterr().err
    assert main(["plan", str(tmp_path)]) == 2
    assert "is a folder, and no script" in capsys.readouterr().err
    assert main(["plan", "mymodel:fit", "n=3"]) == 2
    assert "a function runs by: park run mymodel:fit --arg n=3" in capsys.readouterr().err
