"""What each installed distribution has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from support.material.projects import editable, install_distribution, write_tree

from park.build.beyond.installed_facts import installed_facts, modules_in
from park.build.cache import Cache

if TYPE_CHECKING:
    from pathlib import Path

FILM, OWN = canonicalize_name("film-plugin"), canonicalize_name("own")


@pytest.mark.parametrize(
    ("paths", "modules"),
    [
        ("a/__init__.py a/b/__init__.py a/b/c.py", {"a"}),
        ("ns/c/__init__.py ns/d/e.py", {"ns.c", "ns.d.e"}),
        ("one.py _fast.cpython-311-x86_64-linux-gnu.so a-1.dist-info/x.py", {"one", "_fast"}),
        ("__editable___a_finder.py a.pth ../../bin/a a/__pycache__/x.pyc", set()),
    ],
)
def test_the_outermost_names_that_can_be_imported(paths: str, modules: set[str]) -> None:
    assert modules_in(f"{path},,".replace('"', "") for path in paths.split()) == modules


def test_what_is_installed_is_read_once_and_again_where_it_changed(tmp_path: Path) -> None:
    cache, site = Cache(root=tmp_path / "cache"), tmp_path / "site"
    points = "[host.models]\nfilm = film:film\n"
    info = "Film_Plugin-1.0.dist-info/entry_points.txt"
    install_distribution(site, "Film_Plugin", "1.0", files={"film/__init__.py": "", info: points})
    found = installed_facts(cache, [str(site)])
    assert found[FILM].version == "1.0"
    assert found[FILM].modules == {"film"}
    assert found[FILM].groups == {"host.models"}
    record = site / "Film_Plugin-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text() + "more.py,,\n")
    again = installed_facts(cache, [str(site)])
    assert again[FILM].modules == {"film", "more"}
    (store,) = cache.root.glob("installed-v1/*/*.json")
    store.write_text("damaged")
    assert installed_facts(cache, [str(site)]) == again


def test_the_first_place_counts_and_a_tree_has_its_own_modules(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", {"src/own/__init__.py": "", "setup.py": "", "one.py": ""})
    for place, version in (("first", "2"), ("second", "1")):
        install_distribution(tmp_path / place, "own", version, direct_url=editable(tree))
    places = [str(tmp_path / each) for each in ("nowhere", "first", "second")]
    found = installed_facts(Cache(root=tmp_path / "cache"), places)
    assert found[OWN].version == "2"
    assert found[OWN].modules == {"own", "one"}
