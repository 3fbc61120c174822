from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.labs.environment_lab import own_interpreter

from park_server.used.interpreter_identity import interpreter_identity

if TYPE_CHECKING:
    from pathlib import Path

    from park_server.envs.interpreters import Interpreter


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    """Give an interpreter with a standard library of three modules."""
    own = own_interpreter()
    library = tmp_path / "lib" / f"python{own.target.python}"
    for name in ("os.py", "json/decoder.py", "site-packages/six.py"):
        path = library / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("")
    return replace(own, executable=tmp_path / "bin" / "python")


def test_an_edit_of_the_standard_library_shows(interpreter: Interpreter, tmp_path: Path) -> None:
    before = interpreter_identity(interpreter)
    assert interpreter_identity(interpreter) == before
    library = tmp_path / "lib" / f"python{interpreter.target.python}"
    (library / "site-packages" / "new.py").write_text("")
    assert interpreter_identity(interpreter) == before
    (library / "json" / "decoder.py").write_text("longer")
    edited = interpreter_identity(interpreter)
    (library / "sitecustomize.py").write_text("")
    assert len({before, edited, interpreter_identity(interpreter)}) == 3


def test_another_version_is_another(interpreter: Interpreter) -> None:
    other = replace(interpreter, version="3.11.99")
    assert interpreter_identity(other) != interpreter_identity(interpreter)


def test_the_one_of_these_tests_has_an_identity() -> None:
    assert len(interpreter_identity(own_interpreter())) == 64
