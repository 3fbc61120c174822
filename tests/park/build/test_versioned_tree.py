"""Builds with a backend that needs nothing installed: no network, and a second or two."""

from __future__ import annotations

import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from support.material.projects import copy_package
from support.material.wheels import wheel_of

from park.build.backend import build_environ
from park.build.cache import Cache
from park.build.isolation.isolated_env import build_environment
from park.build.tree.version_control import VARIABLES, Pretence
from park.build.versioned_tree import version_tree
from park.errors import BuildFailed, LocalSetError
from park.local.find import find
from park.model.pins import is_tree_version

if TYPE_CHECKING:
    from pathlib import Path

    from park.local.project import LocalProject


@pytest.fixture
def project(root: Path) -> LocalProject:
    return find(str(root))


def edit(root: Path, before: str, after: str) -> None:
    file = root / "offline/__init__.py"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def paths_below(root: Path) -> set[Path]:
    return set(root.rglob("*"))


def test_the_wheel_bears_the_version_of_the_tree(
    project: LocalProject, root: Path, cache: Cache
) -> None:
    before = paths_below(root)
    tree = version_tree(project, cache=cache)
    wheel = tree.wheel()
    assert is_tree_version(tree.version)
    assert wheel.built
    assert wheel.filename == wheel.path.name == f"offline-{tree.version}-py3-none-any.whl"
    assert wheel.size == wheel.path.stat().st_size
    with zipfile.ZipFile(wheel.path) as archive:
        assert archive.read("offline/_environ.txt") == b"315532800"
    assert paths_below(root) == before


def test_an_edit_gives_a_new_version_and_its_undoing_the_old_wheel(
    project: LocalProject, root: Path, cache: Cache
) -> None:
    first = wheel_of(project, cache=cache)
    edit(root, "2.0", "3.0")
    second = wheel_of(project, cache=cache)
    edit(root, "3.0", "2.0")
    third = wheel_of(project, cache=cache)
    assert second.built
    assert second.filename != first.filename
    assert third == replace(first, built=False)


def test_the_same_tree_gives_the_same_bytes_from_an_empty_cache(
    root: Path, project: LocalProject, cache: Cache, tmp_path: Path
) -> None:
    first = wheel_of(project, cache=cache)
    copied = find(str(shutil.copytree(root, tmp_path / "elsewhere")))
    second = wheel_of(copied, cache=Cache(root=tmp_path / "new-cache"))
    assert (second.built, second.filename) == (True, first.filename)
    assert second.sha256 == first.sha256
    assert second.path.read_bytes() == first.path.read_bytes()


def test_a_truncated_wheel_is_built_again(project: LocalProject, cache: Cache) -> None:
    first = wheel_of(project, cache=cache)
    with first.path.open("r+b") as stream:
        stream.truncate(10)
    assert wheel_of(project, cache=cache) == first


def test_a_tree_that_changes_before_its_build_is_refused(
    project: LocalProject, root: Path, cache: Cache
) -> None:
    tree = version_tree(project, cache=cache)
    edit(root, "2.0", "3.0")
    with pytest.raises(LocalSetError, match="changed while its project was being built"):
        tree.wheel()
    assert not list(cache.exports.glob("*/"))


def test_what_a_killed_build_left_is_no_obstacle(project: LocalProject, cache: Cache) -> None:
    tree = version_tree(project, cache=cache)
    wheels = cache.wheels / "offline"
    left = [
        wheels / f".building-{tree.version}/finished/wheel.json",
        wheels / tree.version / "wheel.json",
        cache.exports / tree.snapshot.content_hash[:32] / "offline/stale.py",
    ]
    for file in left:
        file.parent.mkdir(parents=True)
        file.write_text("{")
    with zipfile.ZipFile(tree.wheel().path) as archive:
        assert "offline/stale.py" not in archive.namelist()
    assert [path.name for path in wheels.iterdir() if path.is_dir()] == [tree.version]


def test_of_several_at_once_one_builds(project: LocalProject, cache: Cache) -> None:
    tree = version_tree(project, cache=cache)
    with ThreadPoolExecutor(4) as pool:
        wheels = list(pool.map(lambda _: tree.wheel(), range(4)))
    assert sorted(wheel.built for wheel in wheels) == [False, False, False, True]
    assert len({wheel.sha256 for wheel in wheels}) == 1


def test_a_tree_that_builds_another_project(project: LocalProject, cache: Cache) -> None:
    other = replace(project, name=canonicalize_name("other"))
    with pytest.raises(BuildFailed, match=r"builds offline; expected other"):
        wheel_of(other, cache=cache)


def test_a_tree_that_requires_other_projects_than_was_installed(
    project: LocalProject, cache: Cache
) -> None:
    stale = replace(project, requires=("packaging>=19",))
    with pytest.raises(LocalSetError, match=r"require different .*packaging>=19, packaging>=20"):
        wheel_of(stale, cache=cache)


def test_a_failing_backend_is_heard(tmp_path: Path, cache: Cache) -> None:
    project = find(str(copy_package("failing-backend", tmp_path)))
    with pytest.raises(BuildFailed, match="could not build the wheel") as caught:
        wheel_of(project, cache=cache)
    lines = caught.value.details["output"].splitlines()
    assert lines[-1] == "RuntimeError: no FORTRAN compiler"
    assert len(lines) == 20
    # what is the backend's own is in the message, the frames of the tools around it are not
    own = [line for line in lines if line.startswith("compiling")] + lines[-1:]
    assert [line for line in own if line not in str(caught.value)] == []
    assert "pyproject_hooks" not in str(caught.value)
    assert caught.value.hint


def test_a_missing_backend(tmp_path: Path, cache: Cache) -> None:
    project = find(str(copy_package("bad-backend", tmp_path)))
    with pytest.raises(BuildFailed, match="no_such_backend"):
        version_tree(project, cache=cache)


def test_what_reaches_a_compiler_is_part_of_the_version(
    project: LocalProject, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CFLAGS", raising=False)
    plain = version_tree(project, cache=cache).version
    monkeypatch.setenv("CFLAGS", "-O3")
    fast = version_tree(project, cache=cache).version
    monkeypatch.setenv("CFLAGS", "")
    assert version_tree(project, cache=cache).version == plain != fast


def test_a_version_that_nobody_can_compare(tmp_path: Path, cache: Cache) -> None:
    project = find(str(copy_package("bad-version", tmp_path)))
    with pytest.raises(LocalSetError, match="'latest'"):
        version_tree(project, cache=cache)


def test_a_released_project_has_no_wheel_here(cache: Cache) -> None:
    released = find("packaging")
    with pytest.raises(LocalSetError, match="is a released project; expected a local one"):
        wheel_of(released, cache=cache)


def test_an_environment_that_was_meddled_with_is_made_anew(tmp_path: Path) -> None:
    cache = Cache(root=tmp_path)
    said: list[str] = []
    first = build_environment((), cache=cache, progress=said.append)
    assert build_environment((), cache=cache, progress=said.append) == first
    assert len(said) == 1
    (site,) = cache.environments.rglob("site-packages")
    (site / "intruder.py").write_text("")
    assert build_environment((), cache=cache, progress=said.append) == first
    assert len(said) == 2
    assert not (site / "intruder.py").exists()


def test_an_environment_without_its_record_is_a_leftover(tmp_path: Path) -> None:
    cache = Cache(root=tmp_path)
    build_environment((), cache=cache)
    (record,) = cache.environments.glob("*/environment.json")
    record.unlink()
    said: list[str] = []
    build_environment((), cache=cache, progress=said.append)
    assert said == ["making a build environment with nothing in it"]


def test_a_build_sees_no_variable_that_makes_it_vary() -> None:
    outer = {
        "PATH": "/bin",
        "CC": "gcc",
        "PYTHONPATH": "/home",
        "PYTHONHASHSEED": "7",
        "GIT_DIR": "/repository/.git",
        "VIRTUAL_ENV": "/env",
        "SETUPTOOLS_SCM_PRETEND_VERSION": "9",
        "TZ": "Asia/Tokyo",
    }
    environ = build_environ(outer)
    assert {name: environ[name] for name in ("PATH", "CC", "PYTHONHASHSEED", "TZ")} == {
        "PATH": "/bin",
        "CC": "gcc",
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
    }
    dropped = {"PYTHONPATH", "GIT_DIR", "VIRTUAL_ENV", "SETUPTOOLS_SCM_PRETEND_VERSION"}
    assert dropped.isdisjoint(environ)
    told = build_environ(outer, told=Pretence(name="film", version="1.0", tag="v1.0"))
    assert {told[name] for name in VARIABLES} == {"1.0"}
