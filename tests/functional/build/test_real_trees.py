"""The sources of the projects that people fit with, as their sdists have them, become wheels.

Their git trees have more than their sdists (links, no version): `test_trees_as_they_are` has trees
like those, and ``scripts/try_trees`` takes the trees themselves.
"""

from __future__ import annotations

import zipfile
from functools import partial
from typing import TYPE_CHECKING

import pytest
from support.material.sdists import unpacked_sdist
from support.session.slow_cases import slow_after

from park.build.backend_answers import describe
from park.build.cache import Cache
from park.build.versioned_tree import version_tree
from park.local.find import find

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = [
    ("bumps", "1.0.4"),
    ("refl1d", "1.0.1"),
    ("sasmodels", "1.1.0"),
    ("refnx", "0.1.67"),
    ("lmfit", "1.3.4"),
    ("periodictable", "1.7.1"),
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(root=tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def quick_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let extensions be compiled as they are: what the compiler makes of them is not ours."""
    monkeypatch.setenv("CFLAGS", "-O0")
    monkeypatch.setenv("CXXFLAGS", "-O0")


def leave_most_pages_out(project: Path) -> None:
    """Let its build draw one model, and not make a site of a hundred: a minute of Sphinx's own."""
    text = project.read_text("utf-8").replace("/[a-z]*.py", "/sphere.py")
    drawing, site, rest = text.split("[[tool.hatch.build.targets.wheel.hooks.sphinx.tools]]")
    assert 'tool = "custom"' in site
    assert 'format = "html"' in rest
    behind = rest[rest.index("\n[tool.") :]
    tools = "[[tool.hatch.build.targets.wheel.hooks.sphinx.tools]]"
    project.write_text(f"{drawing}{tools}{site}{behind}", "utf-8")


def compile_as_it_is(extensions: Path) -> None:
    """Let nothing be optimised that says itself that it is, and not twice for OpenMP."""
    text = extensions.read_text("utf-8")
    assert "'-O3'" in text
    assert "omp_dep.found()" in text
    extensions.write_text(
        text.replace("'-O3'", "'-O0'").replace("omp_dep.found()", "false"), "utf-8"
    )


@pytest.mark.parametrize("source", slow_after(1, reversed(SOURCES)), ids=lambda source: source[0])
def test_an_sdist_becomes_a_wheel_of_its_version(
    source: tuple[str, str], tmp_path: Path, cache: Cache
) -> None:
    name, version = source
    root = unpacked_sdist(name, version, tmp_path)
    if name == "sasmodels":
        leave_most_pages_out(root / "pyproject.toml")
    if name == "refnx":
        compile_as_it_is(root / "refnx" / "reflect" / "meson.build")
    tree = version_tree(find(str(root), describe=partial(describe, cache=cache)), cache=cache)
    assert tree.version.startswith(f"{version}+t")
    with zipfile.ZipFile(tree.wheel().path) as archive:
        names = archive.namelist()
    assert f"{name}/__init__.py" in names
    assert not any(".git/" in each or each.startswith("PKG-INFO") for each in names)
