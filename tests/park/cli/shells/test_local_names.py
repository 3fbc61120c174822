"""Names of what this interpreter has."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.material.projects import write_tree

from park.cli.shells.local_names import callables, modules, projects

FILES = {
    "src/film/__init__.py": "from film.layers import fit\n",
    "src/film/layers.py": "import film.not_there\nasync def fit(): ...\ndef _own(): ...\n",
    "src/film/_hidden.py": "",
    "src/film/deep/__init__.py": "class Deep: ...\n",
    "src/film/data/table.txt": "",
    "src/fast.cpython-311-x86_64-linux-gnu.so": "",
    "src/no-module.py": "",
    "lib/site-packages/plugin.py": "def give(): ...\n",
    "lib/site-packages/Film_Plugin-1.2.dist-info/METADATA": "",
    "lib/site-packages/broken.py": "def (\n",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an interpreter that has a source folder, and what is installed, on its path."""
    write_tree(tmp_path, FILES)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    path = [str(tmp_path / "src"), str(tmp_path / "lib/site-packages"), str(tmp_path / "gone")]
    monkeypatch.setattr(sys, "path", path)
    monkeypatch.setattr(sys, "meta_path", [])
    return tmp_path


def test_what_is_developed_here_before_what_is_installed(here: Path) -> None:
    src = f"developed in {here / 'src'}"
    assert list(modules("")) == [("fast", src), ("film", src)]
    assert ("plugin", "installed") in list(modules("p"))


def test_submodules_below_their_package() -> None:
    assert [name for name, _ in modules("film.")] == ["film.deep", "film.layers"]
    assert list(modules("film.deep.")) == []
    assert list(modules("film.not.there.")) == []


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("film.layers", [("fit", "function")]),
        ("film.deep", [("Deep", "class")]),
        ("plugin", [("give", "function")]),
        ("broken", []),
        ("fast", []),
        ("nowhere", []),
        ("", []),
    ],
)
def test_callables_are_read_and_nothing_is_imported(
    module: str, expected: list[tuple[str, str]]
) -> None:
    assert list(callables(module)) == expected
    assert "film" not in sys.modules


def test_a_package_that_an_editable_install_maps(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(here, {"elsewhere/mapped/part.py": "def go(): ...\n"})
    finder = ModuleType("__editable___mapped_1_finder")
    finder.MAPPING = {"mapped": str(here / "elsewhere/mapped")}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, finder.__name__, finder)
    kind = type("_EditableFinder", (), {"__module__": finder.__name__})
    monkeypatch.setattr(sys, "meta_path", [kind])
    assert ("mapped", f"developed in {here / 'elsewhere/mapped'}") in list(modules(""))
    assert [name for name, _ in modules("mapped.")] == ["mapped.part"]
    assert list(callables("mapped.part")) == [("go", "function")]


def test_projects_with_their_versions() -> None:
    assert list(projects()) == [("film-plugin", "1.2")]
