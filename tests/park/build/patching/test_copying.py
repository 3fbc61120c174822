"""Of which backends and configurations it is known that modules are copied, and no more."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree

from park.build.cache import Cache
from park.build.patching.copying import copies_modules, says_files_alone
from park.build.tree.hashing import take_snapshot

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = "[project]\nname = 'film'\nversion = '1'\n"
SYSTEMS = {
    "flit_core.buildapi": "flit_core>=3.11,<4",
    "hatchling.build": "hatchling",
    "poetry.core.masonry.api": "poetry-core>=2",
    "setuptools.build_meta": "setuptools>=77",
    "uv_build": "uv_build>=0.9",
}


def declared(backend: str, more: str = "", *, requires: str = "", project: str = PROJECT) -> str:
    named = requires or f"'{SYSTEMS.get(backend, 'x')}'"
    return f"[build-system]\nbuild-backend = '{backend}'\nrequires = [{named}]\n{project}\n{more}\n"


def is_known(text: str) -> bool:
    return says_files_alone(tomllib.loads(text))


@pytest.mark.parametrize("backend", SYSTEMS)
def test_a_backend_that_copies(backend: str) -> None:
    assert is_known(declared(backend))


FILES_ALONE = {
    "flit_core.buildapi": "[tool.flit.module]\nname = 'film'\n",
    "hatchling.build": (
        "[tool.hatch.build.targets.wheel]\npackages = ['src/film']\n"
        "[tool.hatch.envs.default]\ndependencies = ['pytest']\n"
    ),
    "poetry.core.masonry.api": "[tool.poetry]\npackages = [{include = 'film', from = 'src'}]\n",
    "setuptools.build_meta": (
        "[tool.setuptools.packages.find]\nwhere = ['src']\n"
        "[tool.setuptools.package-data]\nfilm = ['*.txt']\n"
    ),
    "uv_build": "[tool.uv.build-backend]\nmodule-root = ''\n",
}


@pytest.mark.parametrize("backend", FILES_ALONE)
def test_configuration_that_says_which_files_go_where(backend: str) -> None:
    others = "[tool.ruff]\nline-length = 88\n[tool.pytest.ini_options]\naddopts = '-ra'\n"
    assert is_known(declared(backend, FILES_ALONE[backend] + others))


MAY_DO_MORE = {
    "another backend": declared("mesonpy"),
    "code of the tree": declared("hatchling.build", requires="'hatchling'").replace(
        "[project]", "backend-path = ['.']\n[project]"
    ),
    "a plugin": declared("hatchling.build", requires="'hatchling', 'hatch-vcs'"),
    "a version that is looked for": declared(
        "hatchling.build",
        "[tool.hatch.version]\npath = 'film.py'\n",
        project="[project]\nname = 'film'\ndynamic = ['version']\n",
    ),
    "a description that is looked for": declared(
        "flit_core.buildapi", project=f"{PROJECT}dynamic = ['description']\n"
    ),
    "no static metadata": declared("setuptools.build_meta", project=""),
    "a hook": declared("hatchling.build", "[tool.hatch.build.hooks.custom]\npath = 'b.py'\n"),
    "a hook of wheels": declared(
        "hatchling.build", "[tool.hatch.build.targets.wheel.hooks.mypyc]\nx = 1\n"
    ),
    "files from elsewhere": declared(
        "hatchling.build",
        "[tool.hatch.build.targets.wheel.force-include]\n'model.py' = 'film/m.py'\n",
    ),
    "a script": declared("poetry.core.masonry.api", "[tool.poetry.build]\nscript = 'b.py'\n"),
    "commands of its own": declared(
        "setuptools.build_meta", "[tool.setuptools.cmdclass]\nbuild_py = 'film.B'\n"
    ),
    "extensions": declared(
        "setuptools.build_meta", "[[tool.setuptools.ext-modules]]\nname = 'film.f'\n"
    ),
    "options of commands": declared(
        "setuptools.build_meta", "[tool.distutils.build_py]\ncompile = true\n"
    ),
}


@pytest.mark.parametrize("text", MAY_DO_MORE.values(), ids=MAY_DO_MORE)
def test_what_may_do_more_than_copy(text: str) -> None:
    assert not is_known(text)


@pytest.mark.parametrize("name", ["setup.py", "setup.cfg", "hatch.toml", "hatch_build.py"])
def test_a_file_of_configuration_besides(name: str, tmp_path: Path) -> None:
    files = {"pyproject.toml": declared("setuptools.build_meta"), "film.py": ""}
    root, cache = write_tree(tmp_path / "tree", files), Cache(root=tmp_path / "cache")
    assert copies_modules(take_snapshot(root, cache=cache))
    write_tree(root, {name: ""})
    assert not copies_modules(take_snapshot(root, cache=cache))


def test_a_tree_that_declares_nothing(tmp_path: Path) -> None:
    root, cache = write_tree(tmp_path / "tree", {"film.py": ""}), Cache(root=tmp_path / "cache")
    assert not copies_modules(take_snapshot(root, cache=cache))
