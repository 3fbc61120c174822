"""Scripts with inline metadata: projects that are a single file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree

from park.errors import LocalSetError, NoDistribution
from park.local.find import find
from park.local.project import ProjectKind
from park.local.script import source_of

if TYPE_CHECKING:
    from pathlib import Path


SCRIPT = """
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "packaging>=20",
# ]
# ///
print("hello")
"""


def test_a_script_is_its_inline_metadata(tmp_path: Path) -> None:
    write_tree(tmp_path, {"fit-it.py": SCRIPT})
    project = find("fit-it.py", cwd=tmp_path)
    assert (project.name, project.kind) == ("fit-it", ProjectKind.SCRIPT)
    assert (project.requires, project.module) == (("packaging>=20",), "fit_it")


def test_a_script_by_its_module_is_the_same(tmp_path: Path) -> None:
    write_tree(tmp_path, {"fit_it.py": SCRIPT})
    assert find("fit_it", cwd=tmp_path) == find("fit_it.py", cwd=tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (">=3.11", ">=9", "requires Python >=9; this is "),
        (">=3.11", "?", "requires-python"),
        ("dependencies = [", "dependencies = [[", "is malformed"),
        ("dependencies = [", "dependencies = [1,", "not a list of requirements"),
        ("packaging>=20", "fit", "its own name"),
        ('print("hello")', SCRIPT, "several script blocks"),
    ],
)
def test_malformed_inline_metadata(tmp_path: Path, before: str, after: str, what: str) -> None:
    write_tree(tmp_path, {"fit.py": SCRIPT.replace(before, after)})
    with pytest.raises(LocalSetError, match=what) as caught:
        find("fit.py", cwd=tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["2fit.py", "fit it.py"])
def test_a_script_whose_name_is_no_modules(tmp_path: Path, name: str) -> None:
    write_tree(tmp_path, {name: SCRIPT})
    with pytest.raises(LocalSetError, match=r"not importable|not a project name"):
        find(f"./{name}", cwd=tmp_path)


def test_a_python_file_without_inline_metadata(tmp_path: Path) -> None:
    write_tree(tmp_path, {"fit.py": "print('hello')\n"})
    with pytest.raises(NoDistribution, match="without inline metadata") as caught:
        find("fit.py", cwd=tmp_path)
    assert "# /// script" in str(caught.value.hint)


SOURCES = """
# /// script
# dependencies = ["film", "Layers_Lib", "reduction", "tables", "numpy"]
#
# [tool.uv.sources]
# film = { path = "../film", editable = true }
# layers-lib = { path = "layers" }
# reduction = { git = "https://example.org/reduction", tag = "v1" }
# tables = { url = "https://example.org/tables-1-py3-none-any.whl" }
# ///
"""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("film", ("-e", "{}/film")),
        ("layers-lib", ("{}/scripts/layers",)),
        ("reduction", ("reduction @ git+https://example.org/reduction@v1",)),
        ("tables", ("tables @ https://example.org/tables-1-py3-none-any.whl",)),
        ("numpy", ()),
    ],
)
def test_a_script_says_where_what_it_needs_is_from(
    tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    folder = tmp_path.resolve()
    write_tree(folder, {"scripts/fit.py": SOURCES})
    assert source_of(folder / "scripts" / "fit.py", name) == tuple(
        each.format(folder) for each in words
    )


def test_a_script_without_sources_says_none(tmp_path: Path) -> None:
    write_tree(tmp_path, {"fit.py": SCRIPT})
    assert source_of(tmp_path / "fit.py", "packaging") == ()
