"""Builds that read beyond their tree, or what git ignores: they get it, under a new version."""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from support.material.projects import make_git_checkout, write_tree

from park.build.backend_answers import describe
from park.build.cache import Cache
from park.build.versioned_tree import version_tree
from park.errors import BuildFailed, LocalSetError
from park.local.find import find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from park.build.versioned_tree import TreeProject

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """Give one cache to all tests here, so that each build environment is made once."""
    return Cache(root=tmp_path_factory.mktemp("cache"))


def tree_of(root: Path, cache: Cache) -> TreeProject:
    return version_tree(find(str(root), describe=partial(describe, cache=cache)), cache=cache)


def members(tree: TreeProject) -> dict[str, bytes]:
    with zipfile.ZipFile(tree.wheel().path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def project(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a monorepo with a VERSION, a README and a project, and return that project."""
    around = {"VERSION": "3.1\n", "README.md": "All.\n", "packages/part/part.py": ""}
    below = {f"packages/part/{name}": dedent(text) for name, text in files.items()}
    write_tree(folder, {**around, **below})
    return folder / "packages/part"


HATCH = """
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"
    [project]
    name = "part"
    dynamic = ["version"]
    [tool.hatch.version]
    path = "../../VERSION"
    pattern = "(?P<version>.+)"
    [tool.hatch.build.targets.wheel.force-include]
    "part.py" = "part.py"
    "../shared" = "shared"
    "../../README.md" = "about.md"
"""
SETUP_PY = """
    from setuptools import setup
    version = open("../../VERSION").read().strip()
    setup(name="part", version=version, py_modules=["part"],
          long_description=open("../../README.md").read())
"""
BACKEND = """
    import hashlib, zipfile
    from pathlib import Path
    UP = ["..", ".."]  # so that its text alone does not say what it reads
    def build_wheel(folder, config=None, metadata=None):
        files = {
            "part.py": Path("part.py").read_text() + Path("/".join([*UP, "README.md"])).read_text(),
            "part-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: part\\nVersion: 1\\n",
            "part-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nTag: py3-none-any\\n",
        }
        with zipfile.ZipFile(Path(folder, "part-1-py3-none-any.whl"), "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
            archive.writestr("part-1.dist-info/RECORD", "")
        return "part-1-py3-none-any.whl"
"""
OWN_BACKEND = """
    [build-system]
    requires = []
    build-backend = "backend"
    backend-path = ["."]
    [project]
    name = "part"
    version = "1"
"""


def test_what_the_configuration_names_above_the_tree(tmp_path: Path, cache: Cache) -> None:
    root = project(tmp_path, {"pyproject.toml": HATCH})
    write_tree(tmp_path, {"packages/shared/film.py": "SLD = 2\n", "packages/other/x.py": ""})
    tree = tree_of(root, cache)
    assert tree.version.startswith("3.1+t")
    found = members(tree)
    assert found["shared/film.py"] == b"SLD = 2\n"
    assert found["about.md"] == b"All.\n"
    write_tree(tmp_path, {"packages/other/x.py": "1"})
    assert tree_of(root, cache).version == tree.version
    write_tree(tmp_path, {"packages/shared/film.py": "SLD = 3\n"})
    assert tree_of(root, cache).version != tree.version
    write_tree(tmp_path, {"VERSION": "3.2\n"})
    assert tree_of(root, cache).version.startswith("3.2+t")


def test_what_a_program_reads_above_the_tree(tmp_path: Path, cache: Cache) -> None:
    system = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    root = project(tmp_path, {"setup.py": SETUP_PY, "pyproject.toml": system})
    make_git_checkout(tmp_path)
    tree = tree_of(root, cache)
    assert tree.version.startswith("3.1+t")
    assert "part.py" in members(tree)
    write_tree(tmp_path, {"README.md": "Another.\n"})
    assert tree_of(root, cache).version != tree.version


def test_what_is_found_out_when_the_wheel_is_built(tmp_path: Path, cache: Cache) -> None:
    root = project(tmp_path, {"backend.py": BACKEND, "pyproject.toml": OWN_BACKEND})
    first = tree_of(root, cache)
    with pytest.raises(LocalSetError, match=r"reads \.\./\.\./README\.md") as caught:
        first.wheel()
    assert "run it again" in str(caught.value.hint)
    again = tree_of(root, cache)
    assert again.version != first.version
    assert members(again)["part.py"] == b"All.\n"


def test_what_is_not_there_either(tmp_path: Path, cache: Cache) -> None:
    root = project(tmp_path, {"pyproject.toml": HATCH})
    (tmp_path / "VERSION").unlink()
    with pytest.raises(BuildFailed, match=r"it looks for \.\./\.\./VERSION, above") as caught:
        tree_of(root, cache)
    assert "once it is there" in str(caught.value.hint)
    write_tree(tmp_path, {"VERSION": "4.0\n", "packages/shared/film.py": ""})
    assert tree_of(root, cache).version.startswith("4.0+t")


FORCED = """
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"
    [project]
    name = "part"
    version = "1"
    [tool.hatch.build.targets.wheel]
    include = ["part.py"]
    [tool.hatch.build.targets.wheel.force-include]
    "tables" = "part_tables"
    "one/film.npy" = "film.npy"
"""


def test_what_git_ignores_and_the_configuration_names(tmp_path: Path, cache: Cache) -> None:
    root = project(tmp_path, {"pyproject.toml": FORCED, ".gitignore": "*.npy\nruns/\n"})
    files = {"tables/a.npy": "1", "tables/about.md": "", "one/film.npy": "2", "runs/big.npy": ""}
    write_tree(root, files)
    make_git_checkout(tmp_path)
    tree = tree_of(root, cache)
    found = members(tree)
    assert (found["part_tables/a.npy"], found["film.npy"]) == (b"1", b"2")
    assert "runs/big.npy" not in {file.path for file in tree.snapshot.files}
    write_tree(root, {"tables/a.npy": "3"})
    assert tree_of(root, cache).version != tree.version


def test_what_git_ignores_and_a_program_reads(tmp_path: Path, cache: Cache) -> None:
    program = SETUP_PY.replace("../../README.md", "made/about.txt")
    system = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    files = {"setup.py": program, "pyproject.toml": system, ".gitignore": "made/\n"}
    root = project(tmp_path, {**files, "made/about.txt": "made"})
    make_git_checkout(tmp_path)
    tree = tree_of(root, cache)
    assert any(b"made" in text for name, text in members(tree).items() if "METADATA" in name)


def test_a_build_that_stumbles_over_a_link_names_it(tmp_path: Path, cache: Cache) -> None:
    program = SETUP_PY.replace("../../README.md", "notes/about.txt")
    system = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    root = project(tmp_path, {"setup.py": program, "pyproject.toml": system, "notes/x": ""})
    (root / "notes/about.txt").symlink_to("/nowhere/about.txt")
    with pytest.raises(BuildFailed, match=r"link notes/about.txt leads nowhere: to /nowhere/a"):
        tree_of(root, cache)


SETUP_SYSTEM = (
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
)
ASKS_FIRST = """
    import os
    from setuptools import setup
    version = "0"
    if os.path.exists("../../VERSION"):
        version = open("../../VERSION").read().strip()
    setup(name="part", version=version, py_modules=["part"])
"""
IMPORTS_A_HELPER = """
    import os, sys
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
    from helper import VERSION
    from setuptools import setup
    setup(name="part", version=VERSION, py_modules=["part"])
"""
HOOKED = """
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"
    [project]
    name = "part"
    version = "3.1"
    [tool.hatch.build.targets.wheel]
    include = ["part.py"]
    [tool.hatch.build.hooks.custom]
"""
HOOK = """
    from pathlib import Path
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
    class Hook(BuildHookInterface):
        def initialize(self, version, build_data):
            Path(self.root, "made.txt").write_text(
                (Path(self.root).parent / "data.txt").read_text()
            )
            build_data["force_include"]["made.txt"] = "made.txt"
"""


@pytest.mark.parametrize(
    "files",
    [
        {"setup.py": ASKS_FIRST, "pyproject.toml": SETUP_SYSTEM},
        {"setup.py": IMPORTS_A_HELPER, "pyproject.toml": SETUP_SYSTEM},
        {"hatch_build.py": HOOK, "pyproject.toml": HOOKED},
    ],
    ids=["asks whether it is there", "imports it", "a hook reads it"],
)
def test_what_the_text_of_a_program_names_is_there_at_once(
    files: dict[str, str], tmp_path: Path, cache: Cache
) -> None:
    root = project(tmp_path, files)
    write_tree(tmp_path, {"packages/tools/helper.py": 'VERSION = "3.1"\n'})
    write_tree(tmp_path, {"packages/data.txt": "made of this"})
    make_git_checkout(tmp_path)
    tree = tree_of(root, cache)
    assert tree.version.startswith("3.1+t")
    assert "part.py" in members(tree)
    if "hatch_build.py" in files:
        assert members(tree)["made.txt"] == b"made of this"
