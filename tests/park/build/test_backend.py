"""What a backend is run with, and what is told where it fails (real ones: tests/functional)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.material.projects import write_tree

from park.build.backend import Backend, asks_for_nothing, build_environ
from park.build.isolation.isolated_env import BuildEnvironment
from park.build.tree.export import EPOCH
from park.build.tree.version_control import VARIABLES, Pretence
from park.errors import BuildFailed
from park.local.pyproject import read_pyproject

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""


def test_what_makes_builds_vary_and_what_is_secret_does_not_reach_them() -> None:
    outer = {
        "PATH": "/usr/bin",
        "CC": "clang",
        "PYTHONPATH": "/elsewhere",
        "GIT_DIR": "/repo",
        "SETUPTOOLS_SCM_PRETEND_VERSION": "9",
        "VIRTUAL_ENV": "/venv",
        "PARK_TOKEN": "secret",
        "TZ": "Europe/Paris",
    }
    assert build_environ(outer) == {
        "PATH": "/usr/bin",
        "CC": "clang",
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONIOENCODING": "utf-8",
        "TZ": "UTC",
    }


def test_each_plugin_is_told_the_version_that_an_export_cannot_know() -> None:
    pretence = Pretence(name="film", version="1.4+t1", tag="v1.4+t1")
    told = build_environ({"SETUPTOOLS_SCM_PRETEND_VERSION": "9"}, told=pretence)
    plain = build_environ({})
    added = {name: value for name, value in told.items() if name not in plain}
    assert added == dict.fromkeys(VARIABLES, "1.4+t1")


class Failing:
    """Starts nothing, and fails as a hook does that printed ``said``."""

    def __init__(self, said: str) -> None:
        self.said = said
        self.environs: list[Mapping[str, str]] = []

    def __call__(
        self, command: Sequence[str], folder: str | None, environ: Mapping[str, str]
    ) -> None:
        del folder
        self.environs.append(environ)
        raise subprocess.CalledProcessError(1, list(command), output=self.said.encode())


def backend(root: Path, launch: Any, **more: Any) -> Backend:
    environment = BuildEnvironment(python_executable=sys.executable, installed=())
    return Backend(source=root, environment=environment, outer={"A": "b"}, launch=launch, **more)


@pytest.mark.parametrize(
    ("act", "task"),
    [
        (lambda it, _: it.requirements_for_wheel(), "tell what it needs"),
        (lambda it, folder: it.metadata(folder), "prepare the metadata"),
        (lambda it, folder: it.build_wheel(folder), "build the wheel"),
    ],
)
def test_each_failure_says_what_could_not_be_done(tmp_path: Path, act: Any, task: str) -> None:
    root = write_tree(tmp_path / "tree", {"pyproject.toml": PROJECT})
    failing = Failing("error: no compiler")
    told = Pretence(name="film", version="1", tag="v1")
    with pytest.raises(BuildFailed, match=f"the build backend could not {task}") as caught:
        act(backend(root, failing, told=told), tmp_path)
    assert "python -m build --wheel" in str(caught.value.hint)
    git, hook = failing.environs
    assert (git["A"], hook["A"]) == ("b", "b")
    assert hook["SETUPTOOLS_SCM_PRETEND_VERSION"] == "1"


def test_a_file_above_the_tree_that_is_not_there_is_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"pyproject.toml": PROJECT})
    failing = Failing("FileNotFoundError: No such file or directory: '../VERSION'")
    with pytest.raises(BuildFailed, match=r"it looks for \.\./VERSION, above") as caught:
        backend(root, failing).build_wheel(tmp_path)
    assert caught.value.details["sought"] == ["../VERSION"]
    write_tree(tmp_path, {"VERSION": "1"})
    with pytest.raises(BuildFailed, match="the build backend could not build the wheel:\nFile"):
        backend(root, failing).build_wheel(tmp_path)


@pytest.mark.parametrize("told", [None, Pretence(name="film", version="1", tag="v1")])
def test_a_build_that_asks_version_control_in_vain(tmp_path: Path, told: Pretence | None) -> None:
    root = write_tree(tmp_path / "tree", {"pyproject.toml": PROJECT})
    failing = Failing("fatal: not a git repository")
    with pytest.raises(BuildFailed, match="it asks version control") as caught:
        backend(root, failing, told=told).build_wheel(tmp_path)
    assert (root / "PKG-INFO").exists() == (told is not None)
    assert "[project] version" in str(caught.value.hint)


def test_a_guess_is_not_in_pkg_info(tmp_path: Path) -> None:
    """hatchling takes the version from there before it looks where the project says."""
    root = write_tree(tmp_path / "tree", {"pyproject.toml": PROJECT})
    guess = Pretence(name="film", version="1", tag="v1", is_known=False)
    with pytest.raises(BuildFailed):
        backend(root, Failing(""), told=guess).build_wheel(tmp_path)
    assert not (root / "PKG-INFO").exists()


def _declared(
    backend: str, requires: str, more: str = "", *, version: str = "version = '1'"
) -> str:
    return (
        f"[build-system]\nrequires = ['{requires}']\nbuild-backend = '{backend}'\n"
        f"[project]\nname = 'film'\n{version}\n{more}"
    )


HATCHLING = ("hatchling.build", "hatchling>=1.27")
DYNAMIC = "dynamic = ['version']"


@pytest.mark.parametrize(
    ("text", "files", "asks_nothing"),
    [
        (_declared(*HATCHLING), (), True),
        (_declared(*HATCHLING, "[tool.ruff]\n"), (), True),
        (_declared("poetry.core.masonry.api", "poetry-core"), (), True),
        (_declared("uv_build", "uv_build>=0.9"), (), True),
        (_declared(*HATCHLING, "[tool.hatch.build]\ndependencies = ['x']\n"), (), False),
        (_declared(*HATCHLING), ("hatch.toml",), False),
        (_declared(*HATCHLING), ("hatch_build.py",), False),
        (_declared(*HATCHLING, version=DYNAMIC), (), False),
        (_declared("hatchling.build", "hatch-vcs"), (), False),
        (_declared("setuptools.build_meta", "setuptools"), (), False),
        (_declared("flit_core.buildapi", "flit-core"), (), False),
    ],
)
def test_which_backends_need_no_question(
    tmp_path: Path, text: str, files: tuple[str, ...], *, asks_nothing: bool
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    for name in files:
        (tmp_path / name).touch()
    assert asks_for_nothing(tmp_path, read_pyproject(tmp_path)) is asks_nothing
