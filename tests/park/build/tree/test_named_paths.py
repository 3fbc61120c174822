"""What configuration files name: sources of a build, and nothing that is none."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree

from park.build.tree.named_paths import declared_paths, is_above

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = """
    [project]
    name = "../no/path"
    readme = {file = "../README.md"}
    license = {file = "LICENSE"}
    keywords = ["data"]
    [project.scripts]
    film = "film:main"
    [tool.hatch.version]
    path = "../../VERSION"
    [tool.hatch.build]
    artifacts = ["made/*.js", "*.so"]
    exclude = ["runs/all"]
    [tool.hatch.build.targets.wheel]
    packages = ["src/film", "../shared/film_shared"]
    [tool.hatch.build.targets.wheel.force-include]
    "tables" = "film/tables"
    "../tables" = "film/more"
    [tool.hatch.envs.test]
    path = "../venv"
    [tool.poetry]
    packages = [{include = "bases/film", from = "../../bases"}]
    [tool.poetry.dependencies]
    common = {path = "../common", develop = true}
    [tool.setuptools]
    package-dir = {"" = "../lib"}
    data-files = {"share/film" = ["data/film.txt"]}
    [tool.setuptools_scm]
    root = "../.."
    [tool.ruff]
    extend = "../ruff.toml"
"""
NAMED = {
    "../README.md",
    "../../VERSION",
    "../../bases",
    "../lib",
    "../shared/film_shared",
    "../tables",
    "LICENSE",
    "bases/film",
    "data/film.txt",
    "made/a.js",
    "tables",
}


def test_the_tables_of_backends(tmp_path: Path) -> None:
    files = {"pyproject.toml": dedent(PYPROJECT), "made/a.js": "", "made/b.txt": ""}
    assert set(declared_paths(write_tree(tmp_path, files))) == NAMED


def test_other_files_of_configuration(tmp_path: Path) -> None:
    files = {
        "hatch.toml": '[build.targets.wheel.force-include]\n"../x" = "x"\n',
        "setup.cfg": "[metadata]\nlong_description = file: ../README.md, ../NEWS\n"
        "[options]\npackage_dir =\n    =../../lib\n[tool:pytest]\naddopts = a../b\n",
        "MANIFEST.in": "include data/x.bin\ngraft tables\n"
        "recursive-include made *.js\nprune runs\n",
    }
    found = declared_paths(write_tree(tmp_path, files))
    expected = {"../README.md", "../NEWS", "../../lib", "../x", "data/x.bin", "tables", "made"}
    assert set(found) == expected


@pytest.mark.parametrize(
    "text",
    ["no [toml", "tool = 1\nproject = 2\n", "[tool]\nhatch = []\n", "[tool.hatch]\npath = 1"],
)
def test_what_is_no_configuration(tmp_path: Path, text: str) -> None:
    assert declared_paths(write_tree(tmp_path, {"pyproject.toml": text})) == ()


@pytest.mark.parametrize("path", ["..", "../..", ".", "", "/etc/passwd", "a\\\\b", "../"])
def test_folders_around_the_tree_and_places_elsewhere_are_none(tmp_path: Path, path: str) -> None:
    text = f'[tool.hatch.version]\npath = "{path}"\n'
    assert declared_paths(write_tree(tmp_path, {"pyproject.toml": text})) == ()


def test_what_is_above() -> None:
    assert [is_above(path) for path in ("..", "../a", "..a", "a/..", "a")] == [
        True, True, False, False, False,
    ]  # fmt: skip
