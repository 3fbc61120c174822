"""The whole look at what a set reaches here, as lines for people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from support.material.projects import install_distribution
from support.material.wheels import make_wheel

from park.build.beyond import look as module
from park.build.beyond.look import edits, unsent
from park.build.cache import Cache
from park.local.distributions import look_up
from park.local.project import LocalProject, ProjectKind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


def root() -> LocalProject:
    return LocalProject(name=canonicalize_name("park-t-own"), version="1", kind=ProjectKind.TREE)


def test_imports_and_plugins_of_one_project_are_one_line(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    info = "park_t_film-1.dist-info/entry_points.txt"
    files = {"park_t_film.py": "", info: "[park_t_own.films]\na = b:c\n"}
    install_distribution(site, "park-t-film", "1", files=files)
    monkeypatch.syspath_prepend(str(site))
    wheel = make_wheel(tmp_path, "own", files={"own.py": b"import park_t_film"})
    (line,) = unsent(root(), [root()], [wheel], cache=cache)
    assert line == (
        "not sent: park-t-film 1 is imported by own.py, gives entry points of park_t_own.films, "
        "and nothing that park-t-own requires brings it (--with 'park-t-film' would)"
    )
    here = look_up(canonicalize_name("park-t-film"))
    assert here is not None
    assert not list(unsent(root(), [root(), here], [wheel], cache=cache))


def test_a_long_list_is_cut(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    for number in range(12):
        info = f"park_t_{number}-1.dist-info/entry_points.txt"
        files = {info: "[park_t_own.films]\na = b:c\n"}
        install_distribution(site, f"park-t-{number}", "1", files=files)
    monkeypatch.syspath_prepend(str(site))
    lines = list(unsent(root(), [root()], [], cache=cache))
    assert len(lines) == 11
    assert lines[-1] == "not sent: 2 more that nothing requires"


def test_edits_are_told_of_releases_alone(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "edited_files", lambda *_, **__: ("a.py", "b.py", "c.py", "d.py"))
    release = replace(root(), kind=ProjectKind.RELEASED)
    (line,) = edits([root(), release, replace(release, is_followed=False)], cache=cache)
    assert line.startswith(
        "not sent: what was changed here in park-t-own 1 (a.py, b.py, c.py and 1"
    )
    assert "--with park-t-own would take it along" in line
