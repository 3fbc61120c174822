"""What a caller says that a job calls: files in the place of modules, and extras."""

from __future__ import annotations

from pathlib import Path

import pytest

from park.client.submission.function_said import require_module, without_extras
from park.errors import InvalidEntryPoint


def test_extras_are_taken_along() -> None:
    assert without_extras("mymodel[fast]:fit") == ("mymodel:fit", ("mymodel[fast]",))
    assert without_extras("mymodel:fit") == ("mymodel:fit", ())
    assert without_extras(len) == (len, ())


@pytest.mark.parametrize(
    ("text", "name", "way"),
    [
        ("script.py:main", "script.py", "name the module: script:main;"),
        ("script.py", "script.py", "name the module: script:FUNCTION;"),
        ("fits/film.py:fit", "fits/film.py", "name the module in fits: film:fit;"),
        ("./film:fit", "./film", "name the module: film:fit;"),
        ("/home/me/film.py:a.b", "/home/me/film.py", "in /home/me: film:a.b;"),
    ],
)
def test_the_path_of_a_file_is_told_from_a_module(text: str, name: str, way: str) -> None:
    with pytest.raises(InvalidEntryPoint) as told:
        require_module(text)
    assert told.value.message.startswith(f"{name} is a path, not a module")
    assert way in str(told.value.hint)
    assert str(told.value.hint).endswith(f"and run that: python {name}")


def test_a_path_at_which_nothing_is_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidEntryPoint, match=r"there is no fit\.py here"):
        require_module("fit.py:f")
    (tmp_path / "fit.py").touch()
    with pytest.raises(InvalidEntryPoint) as told:
        require_module("fit.py:f")
    assert told.value.message.endswith("a function of a module")


def test_a_file_of_a_package_is_told_by_the_name_of_its_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inner = Path("src/film/layers")
    inner.mkdir(parents=True)
    for package in (inner.parent, inner):
        (package / "__init__.py").touch()
    for file, module in [("__init__.py", "film"), ("fit.py", "film.fit")]:
        with pytest.raises(InvalidEntryPoint) as told:
            require_module(f"src/film/{file}:run")
        assert f"name the module in src: {module}:run;" in str(told.value.hint)
    with pytest.raises(InvalidEntryPoint) as told:
        require_module("src/film/layers/__init__.py:run")
    assert "name the module in src: film.layers:run;" in str(told.value.hint)
