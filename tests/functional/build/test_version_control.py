"""Versions from version control, by the tools that people use, in a tree without any of it."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support.material.projects import make_git_checkout, write_tree
from support.session.slow_cases import slow_after

from park.build.backend_answers import describe
from park.build.cache import Cache
from park.build.versioned_tree import version_tree
from park.errors import BuildFailed
from park.local.find import find

if TYPE_CHECKING:
    from park.build.versioned_tree import TreeProject

SETUPTOOLS = "setuptools.build_meta"

GIT_IN_SETUP_PY = """
    import subprocess
    from setuptools import setup
    said = subprocess.check_output(["git", "describe", "--tags", "--match", "v*"], text=True)
    setup(name="film", version=said.strip()[1:], py_modules=["film"])
"""
TAG_AND_COMMIT = """
    import subprocess
    from setuptools import setup
    def git(*words):
        return subprocess.check_output(["git", *words], text=True).strip()
    tag, commit = git("describe", "--tags"), git("rev-parse", "--short", "HEAD")
    setup(name="film", version=f"{tag.removeprefix('v')}+g{commit}", py_modules=["film"])
"""
DUNAMAI = """
    from dunamai import Version
    from setuptools import setup
    setup(name="film", version=Version.from_git().serialize(), py_modules=["film"])
"""
PBR = """
    from setuptools import setup
    setup(setup_requires=["pbr"], pbr=True)
"""
MESON = """
    project('film', version: run_command(GIT, check: true).stdout().strip().substring(1))
    py = import('python').find_installation()
    py.install_sources('film.py')
""".replace("GIT", "'git', 'describe', '--tags'")
VERSIONEER = """
    import versioneer
    from setuptools import setup
    setup(version=versioneer.get_version(), cmdclass=versioneer.get_cmdclass())
"""
VERSION_OF_GIT = """
    import subprocess
    __doc__ = "A film."
    __version__ = subprocess.check_output(["git", "describe", "--tags"], text=True).strip()[1:]
"""


class Tool(NamedTuple):
    """How a project takes its version from git; ``needs_git``, from git alone."""

    requires: list[str]
    backend: str = SETUPTOOLS
    tables: str = ""
    files: dict[str, str] = {}  # noqa: RUF012 (never changed)
    project: str = '[project]\nname = "film"\ndynamic = ["version"]\n'
    needs_git: bool = False
    written: str | None = None


MODULES = '[tool.setuptools]\npy-modules = ["film"]\n'

TOOLS = {
    "setuptools-scm": Tool(["setuptools", "setuptools-scm>=8"], tables="[tool.setuptools_scm]\n"),
    "versioningit": Tool(["setuptools", "versioningit"], tables="[tool.versioningit]\n"),
    "versioningit-hatch": Tool(
        ["hatchling", "versioningit"],
        "hatchling.build",
        '[tool.hatch.version]\nsource = "versioningit"\n',
    ),
    "hatch-vcs": Tool(
        ["hatchling", "hatch-vcs"],
        "hatchling.build",
        '[tool.hatch.version]\nsource = "vcs"\n[tool.hatch.build.hooks.vcs]\n'
        'version-file = "film_version.py"\n',
    ),
    "pdm": Tool(["pdm-backend"], "pdm.backend", '[tool.pdm.version]\nsource = "scm"\n'),
    "poetry-dynamic-versioning": Tool(
        ["poetry-core", "poetry-dynamic-versioning"],
        "poetry_dynamic_versioning.backend",
        "[tool.poetry-dynamic-versioning]\nenable = true\n",
        project='[tool.poetry]\nname = "film"\nversion = "0.0.0"\ndescription = ""\nauthors = []\n',
    ),
    "setuptools-git-versioning": Tool(
        ["setuptools", "setuptools-git-versioning"],
        tables="[tool.setuptools-git-versioning]\nenabled = true\n",
    ),
    "dunamai": Tool(["setuptools", "dunamai"], files={"setup.py": DUNAMAI}, needs_git=True),
    "git in setup.py": Tool(
        ["setuptools"], files={"setup.py": GIT_IN_SETUP_PY}, project="", needs_git=True
    ),
    "flit": Tool(
        ["flit_core"],
        "flit_core.buildapi",
        project='[project]\nname = "film"\ndynamic = ["version", "description"]\n',
        files={"film.py": VERSION_OF_GIT},
        needs_git=True,
    ),
    "pbr": Tool(
        ["setuptools", "pbr"],
        "pbr.build",
        project="",
        files={"setup.py": PBR, "setup.cfg": "[metadata]\nname = film\n[files]\nmodules = film\n"},
    ),
    "meson-python": Tool(["meson-python"], "mesonpy", files={"meson.build": MESON}, needs_git=True),
    "scikit-build-core": Tool(
        ["scikit-build-core", "setuptools-scm>=8"],
        "scikit_build_core.build",
        "[tool.scikit-build]\nwheel.cmake = false\nwheel.packages = []\n"
        'metadata.version.provider = "scikit_build_core.metadata.setuptools_scm"\n'
        "[tool.setuptools_scm]\n",
    ),
}
"""By what asks; each with the requirements and tables that its documentation has."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """Give one cache to all tests here, so that each build environment is made once."""
    return Cache(root=tmp_path_factory.mktemp("cache"))


def tree_of(tool: Tool, root: Path) -> Path:
    requires = ", ".join(f'"{text}"' for text in tool.requires)
    system = f'[build-system]\nrequires = [{requires}]\nbuild-backend = "{tool.backend}"\n'
    modules = MODULES if tool.backend == SETUPTOOLS and tool.project else ""
    hatch = '[tool.hatch.build.targets.wheel]\ninclude = ["*.py"]\n'
    tables = tool.tables + (hatch if "hatch" in tool.backend else "") + modules
    files = {
        "film.py": '"""A film."""\n',
        "README": "",
        "pyproject.toml": system + tool.project + tables,
        **{name: dedent(text) for name, text in tool.files.items()},
    }
    return write_tree(root, files)


def built(root: Path, cache: Cache) -> tuple[TreeProject, Path]:
    project = find(str(root), describe=partial(describe, cache=cache))
    tree = version_tree(project, cache=cache)
    return tree, tree.wheel().path


@pytest.mark.parametrize("name", slow_after(2, TOOLS))
def test_a_tool_finds_the_version(name: str, tmp_path: Path, cache: Cache) -> None:
    root = tree_of(TOOLS[name], tmp_path / "film")
    make_git_checkout(root, tag="v3.2.1")
    tree, wheel = built(root, cache)
    assert wheel.name.startswith("film-3.2.1+t")
    assert tree.pretended_version == "3.2.1"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        written = [n for n in names if n == "film_version.py"]
        assert all(b"3.2.1" in archive.read(each) for each in written)
    assert "PKG-INFO" not in names
    assert not any(each.startswith(".git") for each in names)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", slow_after(2, (name for name, tool in TOOLS.items() if not tool.needs_git))
)
def test_it_does_so_where_git_is_not_installed(
    name: str, tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree_of(TOOLS[name], tmp_path / "film")
    metadata = "Metadata-Version: 2.1\nName: film\nVersion: 3.2.1\n"
    write_tree(root, {"PKG-INFO": metadata, "README": "without git"})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("git") is None
    assert built(root, cache)[1].name.startswith("film-3.2.1+t")


def test_a_program_may_add_a_commit_to_a_tag(tmp_path: Path, cache: Cache) -> None:
    """The version that is installed has one already: in an export, it would be added twice."""
    tool = Tool(["setuptools"], files={"setup.py": TAG_AND_COMMIT}, project="")
    root = tree_of(tool, tmp_path / "film")
    make_git_checkout(root, tag="v3.2.1")
    project = find(str(root), describe=partial(describe, cache=cache))
    installed = replace(project, version="3.2.1+gabc1234", version_is_static=False)
    wheel = version_tree(installed, cache=cache).wheel().path
    assert wheel.name.startswith("film-3.2.1+gabc1234.t")


@pytest.mark.slow
def test_an_error_for_want_of_history_names_the_cause(tmp_path: Path, cache: Cache) -> None:
    wants_history = GIT_IN_SETUP_PY.replace('"describe"', '"rev-parse", "HEAD~1"')
    tool = Tool(["setuptools"], files={"setup.py": wants_history}, project="")
    root = tree_of(tool, tmp_path / "film")
    make_git_checkout(root, tag="v3.2.1")
    with pytest.raises(BuildFailed, match="copy of its files that has no history") as caught:
        built(root, cache)
    assert "HEAD~1" in caught.value.message
    assert "PKG-INFO" in str(caught.value.hint)
