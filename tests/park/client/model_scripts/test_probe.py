"""The program that loads a script: what it hears of files, and how it tells an error."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest

from park.client.model_scripts.probe import Opened, _in_words, _line


def test_files_are_heard_as_they_are_named_and_not_those_that_it_wrote(tmp_path: Path) -> None:
    opened = Opened()
    place = str(tmp_path / "a.dat")
    opened("open", ("run.dat", "r", os.O_RDONLY | os.O_CLOEXEC))
    opened("open", ("run.dat", "r", 0))
    opened("open", (os.fsencode(place), None, os.O_RDONLY))
    opened("open", ("out.dat", "w", os.O_WRONLY | os.O_CREAT))
    opened("open", ("out.dat", "r", os.O_RDONLY))
    opened("open", (3, "r", os.O_RDONLY))  # a descriptor, which was opened before
    opened("import", ("numpy", None, None, None, None))
    opened.listens = False
    opened("open", ("late.dat", "r", os.O_RDONLY))
    assert opened.read == {str(Path.cwd() / "run.dat"): "run.dat", place: place}


def test_an_error_is_told_with_the_line_of_the_script(tmp_path: Path) -> None:
    script = tmp_path / "model.py"
    script.write_text("x = 1\nint('film')\n")
    with pytest.raises(ValueError, match="film") as failed:
        runpy.run_path(str(script))
    assert _line(failed.value, script) == 2
    assert _line(failed.value, tmp_path / "other.py") is None
    assert _in_words(failed.value) == "invalid literal for int() with base 10: 'film'"
    assert _in_words(KeyError("film")) == "KeyError: 'film'"
    assert _in_words(SystemExit(2)) == "it ends with 2"
    assert _in_words(SystemExit()) == "it ends before it has a problem"
