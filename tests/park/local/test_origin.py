"""How a distribution got here, as its own records tell."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import pytest
from support.material.projects import editable, install_distribution, write_tree

from park.errors import LocalSetError
from park.local.origin import CONDA, editable_folder, origin_of, source_tree_above
from park.local.project import ProjectKind


def installed(site: Path, **more: Any) -> importlib.metadata.Distribution:
    install_distribution(site, "film", "1.2", **more)
    (found,) = importlib.metadata.distributions(path=[str(site)])
    return found


def tree(root: Path) -> Path:
    return write_tree(root, {"pyproject.toml": "[build-system]\nrequires = []\n"})


def test_without_a_direct_url_it_is_from_an_index(tmp_path: Path) -> None:
    origin = origin_of(installed(tmp_path))
    assert (origin.kind, origin.root) == (ProjectKind.RELEASED, None)
    assert editable_folder(installed(tmp_path / "b")) is None


def test_what_conda_installed_is_the_release_whatever_its_records_say(tmp_path: Path) -> None:
    farm = {"url": "file:///build/farm", "dir_info": {}}
    origin = origin_of(installed(tmp_path, installer="conda", direct_url=farm))
    assert (origin.kind, origin.text) == (ProjectKind.RELEASED, CONDA)


def test_an_editable_install_is_its_tree_whatever_is_in_the_way_to_it(tmp_path: Path) -> None:
    root = tree(tmp_path / "my model#1 ü")
    distribution = installed(tmp_path / "site", direct_url=editable(root))
    assert origin_of(distribution).root == root
    assert origin_of(distribution).kind is ProjectKind.TREE
    assert editable_folder(distribution) == root


def test_an_editable_install_whose_tree_is_gone_says_what_to_do(tmp_path: Path) -> None:
    distribution = installed(tmp_path / "site", direct_url=editable(tmp_path / "gone"))
    with pytest.raises(LocalSetError, match=r"film is installed from .*gone") as caught:
        origin_of(distribution)
    assert "install film again" in str(caught.value.hint)


VCS = {"vcs": "git", "commit_id": "3f9"}


@pytest.mark.parametrize(
    ("direct_url", "text"),
    [
        ({"url": "https://e.org/film", "vcs_info": VCS}, "git+https://e.org/film@3f9"),
        ({"url": "https://ada:pw@e.org/f.whl", "archive_info": {}}, "from https://e.org/f.whl"),
        ({"url": "file:///src/film", "dir_info": {}}, "from /src/film, not editable"),
        ({"url": "file:///src/film", "dir_info": {"editable": False}}, "not editable"),
    ],
    ids=["version control", "a file", "a folder", "a folder that says so"],
)
def test_what_no_index_can_repeat_is_a_copy_and_shows_no_password(
    tmp_path: Path, direct_url: dict[str, Any], text: str
) -> None:
    origin = origin_of(installed(tmp_path, direct_url=direct_url))
    assert (origin.kind, origin.root) == (ProjectKind.COPY, None)
    assert text in origin.text
    assert "pw" not in origin.text


def test_the_nearest_tree_above_is_found(tmp_path: Path) -> None:
    root = tree(tmp_path / "outer" / "inner")
    tree(tmp_path / "outer")
    deep = root / "src" / "model"
    deep.mkdir(parents=True)
    assert source_tree_above(deep) == source_tree_above(root) == root


def test_a_search_ends_at_a_checkout_at_home_and_after_so_many_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tree(tmp_path) / "a" / "b"
    deep.mkdir(parents=True)
    assert source_tree_above(deep, climb=1) is None
    assert source_tree_above(deep, climb=2) == tmp_path
    (tmp_path / "a" / ".git").mkdir()
    assert source_tree_above(deep) is None
    (tmp_path / "a" / ".git").rmdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert source_tree_above(deep) is None


def test_a_checkout_that_is_a_tree_itself_is_found(tmp_path: Path) -> None:
    (tree(tmp_path) / ".git").mkdir()
    assert source_tree_above(tmp_path / "src") == tmp_path
