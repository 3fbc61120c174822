"""A build environment is made once, used while it is what it was, and made anew after that."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import build.env
import pytest

from park.build.cache import Cache
from park.build.isolation import isolated_env, uv_installer
from park.build.isolation.isolated_env import BuildEnvironment, build_environment
from park.errors import BuildFailed


class Making:
    """Makes environments of folders alone, and says of which."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cache: Cache) -> None:
        self.cache = cache
        self.made: list[list[str]] = []
        self.with_pip: list[list[str]] = []
        self.uv_works = True
        self.error: Exception | None = None
        self.told: list[str] = []
        making = self

        class Isolated:
            def __init__(self, path: str) -> None:
                self.folder = Path(path)
                self.python_executable = sys.executable

            def __enter__(self) -> None:
                site = isolated_env._site_packages(self.folder.parent)
                (site / "abc-2.0.dist-info").mkdir(parents=True)
                (site / "abc-2.0.dist-info" / "METADATA").write_text("Name: ABC\nVersion: 2.0\n")

            def install(self, wanted: list[str]) -> None:
                making.with_pip.append(wanted)

        monkeypatch.setattr(build.env, "DefaultIsolatedEnv", Isolated)
        monkeypatch.setattr(uv_installer, "install_with_uv", self.install)

    def install(self, _python: str, wanted: list[str]) -> bool:
        self.made.append(wanted)
        if self.error is not None:
            raise self.error
        return self.uv_works

    def __call__(self, *requires: str) -> BuildEnvironment:
        return build_environment(requires, cache=self.cache, progress=self.told.append)

    @property
    def folder(self) -> Path:
        (found,) = [path for path in self.cache.environments.iterdir() if path.is_dir()]
        return found


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Making:
    return Making(monkeypatch, Cache(root=tmp_path))


def test_the_same_requirements_share_one_that_says_what_is_in_it(making: Making) -> None:
    first = making("b", "a", "a")
    assert [(pin.name, pin.version) for pin in first.installed] == [("abc", "2.0")]
    assert making("a", "b") == first
    assert making.made == [["a", "b"]]
    assert making.told == ["making a build environment with a, b"]
    making("c")
    assert len(making.made) == 2


CHANGES: dict[str, Callable[[Path], Any]] = {
    "more": lambda site: (site / "more.py").write_text(""),
    "less": lambda site: shutil.rmtree(site / "abc-2.0.dist-info"),
    "record": lambda site: (_folder_of(site) / "environment.json").write_text("{"),
}


def _folder_of(site: Path) -> Path:
    return next(folder for folder in site.parents if folder.name == "venv").parent


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_one_that_is_not_what_it_was_is_made_anew(
    making: Making, change: Callable[[Path], Any]
) -> None:
    making("a")
    change(isolated_env._site_packages(making.folder))
    making("a")
    assert len(making.made) == 2


def test_bytecode_is_no_change(making: Making) -> None:
    making("a")
    (isolated_env._site_packages(making.folder) / "__pycache__").mkdir()
    making("a")
    assert len(making.made) == 1


def test_where_uv_cannot_pip_does(making: Making) -> None:
    making.uv_works = False
    making("a")
    assert making.with_pip == [["a"]]


def test_a_failure_says_what_could_not_be_had_and_leaves_nothing(making: Making) -> None:
    making.error = OSError("no such index")
    with pytest.raises(BuildFailed, match="cannot install the build requirements a"):
        making("a")
    assert [path for path in making.cache.environments.rglob("*") if path.is_dir()] == []


def test_a_build_finds_its_tools_first(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = BuildEnvironment(python_executable="/env/bin/python", installed=())
    monkeypatch.setenv("PATH", "/usr/bin")
    assert environment.make_extra_environ() == {"PATH": "/env/bin:/usr/bin", "PYTHONPATH": ""}
    monkeypatch.delenv("PATH")
    assert environment.make_extra_environ()["PATH"] == "/env/bin"
