"""Sources of one file: their version is that of their content."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
from packaging.utils import NormalizedName
from support.material.wheels import make_wheel

from park.build.cache import Cache
from park.build.single import ScriptProject, WheelFile, single_source
from park.errors import LocalSetError
from park.local.project import LocalProject, ProjectKind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


@pytest.fixture
def script(tmp_path: Path) -> LocalProject:
    file = tmp_path / "fit-it.py"
    file.write_text("SLD = 2.0\n")
    return LocalProject(
        name=NormalizedName("fit-it"),
        version="0",
        kind=ProjectKind.SCRIPT,
        requires=("packaging>=20", "six"),
        root=file,
        module="fit_it",
    )


def rewrite(project: LocalProject, text: str) -> None:
    assert project.root is not None
    project.root.write_text(text)


def test_the_version_follows_the_content_and_comes_back_with_it(
    script: LocalProject, cache: Cache
) -> None:
    first = single_source(ScriptProject, script, cache=cache).version
    rewrite(script, "SLD = 2.05\n")
    assert single_source(ScriptProject, script, cache=cache).version != first
    rewrite(script, "SLD = 2.0\n")
    assert single_source(ScriptProject, script, cache=cache).version == first


def test_a_script_is_a_wheel_of_its_module_with_its_requirements(
    script: LocalProject, cache: Cache
) -> None:
    wheel = single_source(ScriptProject, script, cache=cache).wheel()
    with zipfile.ZipFile(wheel.path) as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
        metadata = next(name for name in archive.namelist() if name.endswith("METADATA"))
        text = archive.read(metadata).decode()
        assert archive.read("fit_it.py") == b"SLD = 2.0\n"
    assert names == {"fit_it.py", "METADATA", "WHEEL", "RECORD"}
    assert "Requires-Dist: packaging>=20\nRequires-Dist: six\n" in text


def test_a_wheel_keeps_its_members_under_a_version_that_no_index_has(
    tmp_path: Path, cache: Cache
) -> None:
    file = make_wheel(tmp_path, "demo", "1.0")
    project = LocalProject(
        name=NormalizedName("demo"), version="1.0", kind=ProjectKind.WHEEL, root=file
    )
    source = single_source(WheelFile, project, cache=cache)
    assert source.version.startswith("1.0+t")
    with zipfile.ZipFile(source.wheel().path) as archive:
        assert archive.read("demo.py") == b"VERSION = '1.0'\n"


def test_a_file_that_changes_before_its_wheel_is_made_is_told(
    script: LocalProject, cache: Cache
) -> None:
    source = single_source(ScriptProject, script, cache=cache)
    rewrite(script, "SLD = 3.0\n")
    with pytest.raises(LocalSetError, match="changed while its project was being built"):
        source.wheel()


def test_a_project_without_a_file_is_told(cache: Cache) -> None:
    project = LocalProject(name=NormalizedName("film"), version="0", kind=ProjectKind.WHEEL)
    with pytest.raises(LocalSetError, match="film 0 has no file"):
        single_source(WheelFile, project, cache=cache)
