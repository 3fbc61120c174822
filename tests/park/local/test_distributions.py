"""Installed distributions: what each is, and whose file a module is."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import NormalizedName
from support.material.projects import editable, install_distribution, write_tree

from park.local.distributions import installed_project, look_up, owner_of, tree_distribution
from park.local.project import ProjectKind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def project(name: str) -> Any:
    return look_up(NormalizedName(name))


def test_a_project_is_found_by_its_name_or_is_none(site: Path) -> None:
    install_distribution(site, "park-t-film", "1.2", requires=["six"], extras=["plot"])
    found = project("park-t-film")
    assert (found.name, found.version, found.kind) == ("park-t-film", "1.2", ProjectKind.RELEASED)
    assert (found.requires, found.extras) == (("six",), ("plot",))
    assert project("park-t-nothing") is None


def developed(tmp_path: Path, site: Path, text: str) -> Path:
    root = write_tree(tmp_path / "film", {"pyproject.toml": text})
    more = {"requires": ["six"], "extras": ["old"], "direct_url": editable(root)}
    install_distribution(site, "park-t-film", "1.0", **more)  # type: ignore[arg-type]
    return root


def test_what_a_developed_tree_says_now_wins(tmp_path: Path, site: Path) -> None:
    text = (
        '[project]\nname = "park-t-film"\nversion = "1.1"\ndependencies = ["packaging"]\n'
        "optional-dependencies = {new = []}\n"
    )
    root = developed(tmp_path, site, text)
    found = project("park-t-film")
    assert (found.version, found.requires, found.extras) == ("1.1", ("packaging",), ("new",))
    assert (found.root, found.version_is_static) == (root, True)
    assert tree_distribution(root) == found


def test_what_it_does_not_say_is_as_it_was_installed(tmp_path: Path, site: Path) -> None:
    developed(
        tmp_path, site, '[project]\nname = "park-t-film"\ndynamic = ["version", "dependencies"]'
    )
    found = project("park-t-film")
    assert (found.version, found.requires, found.extras) == ("1.0", ("six",), ("old",))
    assert not found.version_is_static


def test_a_tree_that_nothing_is_installed_from_has_no_distribution(tmp_path: Path) -> None:
    assert tree_distribution(tmp_path) is None


def test_an_egg_info_folder_keeps_its_requirements_apart(site: Path) -> None:
    headers = "Metadata-Version: 1.2\nName: park-t-egg\nVersion: 3\n"
    egg = "park_t_egg.egg-info"
    write_tree(
        site, {f"{egg}/PKG-INFO": headers, f"{egg}/requires.txt": "six>=1\n\n[plot]\nnumpy\n"}
    )
    (distribution,) = importlib.metadata.distributions(path=[str(site)])
    found = installed_project(distribution)
    assert (found.name, found.version) == ("park-t-egg", "3")
    assert found.requires[0] == "six>=1"
    assert "extra" in found.requires[1]


def owner(site: Path, module: str, file: str) -> str | None:
    found = owner_of(site / file, module)
    return None if found is None else found.metadata["Name"]


def test_a_module_is_owned_by_the_one_that_recorded_its_file(site: Path) -> None:
    install_distribution(site, "park-t-one", "1", files={"park_t/one.py": ""})
    install_distribution(site, "park-t-two", "1", files={"park_t/two.py": ""})
    assert owner(site, "park_t.one", "park_t/one.py") == "park-t-one"
    assert owner(site, "park_t.two", "park_t/two.py") == "park-t-two"


def test_a_file_that_nobody_recorded_is_nobodys_whatever_its_name(site: Path) -> None:
    install_distribution(site, "park-t-one", "1", files={"other.py": ""})
    write_tree(site, {"park_t_one.py": "", "er.py": ""})
    assert owner(site, "park_t_one", "park_t_one.py") is None
    assert owner(site, "er", "er.py") is None  # the end of other.py, and not it


def test_a_developed_tree_owns_what_lies_in_it(tmp_path: Path, site: Path) -> None:
    root = developed(tmp_path, site, '[project]\nname = "park-t-film"\nversion = "1"\n')
    assert owner(root, "anything", "src/anything.py") == "park-t-film"
    assert owner(tmp_path, "anything", "elsewhere/anything.py") is None


def test_a_virtualenv_in_a_developed_tree_is_not_of_that_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "film" / ".venv" / "site"
    site.mkdir(parents=True)
    monkeypatch.syspath_prepend(site)
    developed(tmp_path, site, '[project]\nname = "park-t-film"\nversion = "1"\n')
    install_distribution(site, "park-t-one", "1", files={"park_t/two.py": ""})
    assert owner(site, "park_t.two", "park_t/two.py") == "park-t-one"
    assert owner(tmp_path, "film", "film/film.py") == "park-t-film"


@pytest.mark.parametrize("first", ["park-t-outer", "park-t-film"])
def test_of_trees_in_each_other_the_innermost_has_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    outer, inner = tmp_path / "mono", tmp_path / "mono/packages/film"
    roots = {"park-t-outer": outer, "park-t-film": inner}
    for name in sorted(roots, key=lambda name: name == first):  # what is found first comes last
        text = f'[project]\nname = "{name}"\nversion = "1"\n'
        write_tree(roots[name], {"pyproject.toml": text, "core.py": ""})
        site = tmp_path / f"site-of-{name}"
        site.mkdir()
        monkeypatch.syspath_prepend(site)
        install_distribution(site, name, "1", direct_url=editable(roots[name]))
    assert owner(inner, "core", "core.py") == "park-t-film"
    assert owner(outer, "core", "core.py") == "park-t-outer"


def test_a_tree_in_a_developed_one_that_nobody_installed_is_not_of_that(
    tmp_path: Path, site: Path
) -> None:
    root = developed(tmp_path, site, '[project]\nname = "park-t-film"\nversion = "1"\n')
    write_tree(root, {"tools/probe/setup.py": "", "tools/probe/probe.py": ""})
    write_tree(root, {"film/core/setup.py": "", "film/core/__init__.py": ""})
    assert owner(root, "probe", "tools/probe/probe.py") is None
    assert owner(root, "film.core", "film/core/__init__.py") == "park-t-film"


@pytest.mark.parametrize("written", ["finder", "path"])
def test_what_a_link_of_a_developed_tree_leads_to_is_its_own(
    tmp_path: Path, site: Path, written: str
) -> None:
    """Backends write down where such a link ends: a place that is not in the tree."""
    outside = write_tree(tmp_path / "shared", {"film/__init__.py": "", "filmed/__init__.py": ""})
    root = write_tree(tmp_path / "film", {"pyproject.toml": "[project]\nname = 'park-t-film'\n"})
    (root / "film").symlink_to(outside / "film")
    place = outside / "film"
    files = {"__editable___film_finder.py": f"MAPPING = {{'film': {str(place)!r}}}\n"}
    if written == "path":
        files = {"_film.pth": f"{place}\n"}
    install_distribution(site, "park-t-film", "1.0", direct_url=editable(root), files=files)
    assert owner(outside, "film", "film/__init__.py") == "park-t-film"
    assert owner(outside, "filmed", "filmed/__init__.py") is None
