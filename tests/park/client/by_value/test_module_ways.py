"""How modules get into a job."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from types import ModuleType

import pytest
from packaging.utils import canonicalize_name

from park.client.by_value.module_ways import ModuleWays, Way, file_of
from park.errors import LocalSetError, NoDistribution
from park.local.project import LocalProject, ProjectKind


def project(root: Path | None, kind: ProjectKind = ProjectKind.TREE) -> LocalProject:
    return LocalProject(name=canonicalize_name("mymodel"), version="1", kind=kind, root=root)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a script, from which one may import."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside.py").write_text("VALUE = 1\n")
    return tmp_path


@pytest.mark.parametrize("module", ["json", "xml.dom", "builtins", "sys", "park.jobside"])
def test_what_each_job_has_is_there(module: str) -> None:
    assert ModuleWays().way(module) is Way.THERE


@pytest.mark.parametrize(
    "module", ["__main__", "__mp_main__", "no_such_module", "no.such", "<run_path>"]
)
def test_what_cannot_be_imported_travels_by_value(module: str) -> None:
    assert ModuleWays().way(module) is Way.VALUE


def test_what_a_project_has_comes_with_that() -> None:
    assert ModuleWays().way("packaging.version") is Way.PROJECT


def test_a_module_beside_the_script_comes_as_its_source(folder: Path) -> None:
    ways = ModuleWays()
    assert ways.way("beside") is Way.SOURCE
    assert "beside" not in sys.modules, "it was imported to find out"
    assert file_of("beside") == folder / "beside.py"


def test_one_whose_project_contradicts_itself_is_told_with_the_environment(folder: Path) -> None:
    def look(_: str) -> LocalProject:
        raise LocalSetError("it does not say its version statically")

    assert folder.exists()
    assert ModuleWays(look).way("beside") is Way.PROJECT


def test_a_module_without_a_file_travels_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(_: str) -> LocalProject:
        raise NoDistribution("made by hand")

    monkeypatch.setitem(sys.modules, "made_by_hand", ModuleType("made_by_hand"))
    assert ModuleWays(look).way("made_by_hand") is Way.VALUE


def test_a_script_in_a_tree_does_not_make_its_neighbours_part_of_the_wheel(folder: Path) -> None:
    inside = ModuleWays(lambda _: project(folder.parent))
    assert inside.way("beside") is Way.SOURCE
    installed = ModuleWays(lambda _: project(None, ProjectKind.RELEASED))
    assert installed.way("beside") is Way.PROJECT


def test_beside_the_package_the_record_of_the_install_decides(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Installed:
        def __init__(self, said: str | None) -> None:
            self.said = said

        def read_text(self, _: str) -> str | None:
            return self.said

    for said, way in (("mymodel\n", Way.SOURCE), ("beside\n", Way.PROJECT), (None, Way.PROJECT)):
        monkeypatch.setattr(
            importlib.metadata, "distribution", lambda _, said=said: Installed(said)
        )
        assert ModuleWays(lambda _: project(folder)).way("beside") is way


def test_what_a_project_requires_is_brought_by_it() -> None:
    ways = ModuleWays()
    assert ways.brings("httpx2", "httpcore2")
    assert not ways.brings("packaging.version", "httpx2")
    assert not ways.brings("json", "httpx2"), "which no project has"
    assert not ways.brings("httpx2", "no_such_module")
