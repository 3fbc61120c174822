"""Which sets are remembered, and that each thing that decides about one is among its evidence."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from support.material.projects import editable, install_distribution

from park.build.cache import Cache
from park.build.known import remembering
from park.build.known.known_set import KnownSet, recalled, stored
from park.build.known.remembering import known_set
from park.build.local_set import local_set
from park.local.project import ProjectKind
from park.local.set_options import set_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from park.build.local_set import LocalSet

LATER_NS = 60_000_000_000
CODE = "VALUE = 1\n"
REQUEST = {"id": "0199", "project": "known-demo", "wheels": []}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a release with one dependency, as an installer would, and nothing besides."""
    site = tmp_path / "site"
    install_distribution(
        site, "known-demo", "1", requires=["known-dep>=1"], files={"known_demo.py": CODE}
    )
    install_distribution(site, "known-dep", "1", files={"known_dep.py": CODE})
    digest = base64.urlsafe_b64encode(hashlib.sha256(CODE.encode()).digest()).rstrip(b"=").decode()
    for name in ("known_demo", "known_dep"):
        record = site / f"{name}-1.dist-info" / "RECORD"
        text = record.read_text().replace(f"{name}.py,,", f"{name}.py,sha256={digest},{len(CODE)}")
        record.write_text(text)
    # others install and compile beside this test where its own packages lie
    rest = [each for each in sys.path if Path(each).name != "site-packages"]
    monkeypatch.setattr(sys, "path", [str(site), *rest])
    return site


def remembered(local: LocalSet, tmp_path: Path) -> KnownSet | None:
    return known_set(
        local, REQUEST, {}, ["not sent: x"], besides=[str(tmp_path / "index.json")],
        started_ns=time.time_ns() + LATER_NS,
    )  # fmt: skip


@pytest.fixture
def found(site: Path, cache: Cache) -> LocalSet:
    assert site.is_dir()
    return local_set("known_demo", cache=cache)


def test_what_was_asked_is_kept_without_its_id(found: LocalSet, tmp_path: Path) -> None:
    known = remembered(found, tmp_path)
    assert known is not None
    assert known.request == {"project": "known-demo", "wheels": []}
    assert known.said == ["not sent: x"]
    assert known.trees == {}


CHANGES: dict[str, Callable[[Path], object]] = {
    "a requirement more": lambda top: (top / "site/known_demo-1.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: known-demo\nVersion: 1\nRequires-Dist: other\n\n"
    ),
    "another version": lambda top: (top / "site/known_dep-1.dist-info").rename(
        top / "site/known_dep-2.dist-info"
    ),
    "a dependency is gone": lambda top: shutil.rmtree(top / "site/known_dep-1.dist-info"),
    "a plugin has come": lambda top: install_distribution(top / "site", "known-plugin", "1"),
    "entry points have come": lambda top: (
        top / "site/known_dep-1.dist-info/entry_points.txt"
    ).write_text("[known_demo]\nx = y\n"),
    "a tree in place of a release": lambda top: (
        top / "site/known_dep-1.dist-info/direct_url.json"
    ).write_text("{}"),
    "an edit of a dependency": lambda top: (top / "site/known_dep.py").write_text("VALUE = 2\n"),
    "the index was asked again": lambda top: (top / "index.json").write_text("{}"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_thing_that_decides_about_it_counts(
    found: LocalSet, cache: Cache, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    known, file = remembered(found, tmp_path), tmp_path / "known.json"
    assert known is not None
    stored(file, known)
    assert recalled(file, "known_demo", cache) == known
    change(tmp_path)
    assert recalled(file, "known_demo", cache) is None


OTHERS: dict[str, Callable[[LocalSet], LocalSet]] = {
    "with something taken along": lambda local: replace(
        local, options=set_options(["known-plugin"])
    ),
    "one that contradicts itself": lambda local: replace(local, contradictions=("x requires y",)),
    "one of what a function refers to": lambda local: replace(local, is_gathered=True),
    "of a path": lambda local: replace(local, module=None),
    "with a copy of what is installed": lambda local: replace(
        local, members=tuple(replace(each, kind=ProjectKind.COPY) for each in local.members)
    ),
    "with what only the service has": lambda local: replace(
        local, members=tuple(replace(each, is_followed=False) for each in local.members)
    ),
    "with what an older tool installed": lambda local: replace(
        local, members=tuple(replace(m, name=canonicalize_name("egg")) for m in local.members)
    ),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_of_other_sets_the_whole_look_is_taken_each_time(
    found: LocalSet, tmp_path: Path, other: Callable[[LocalSet], LocalSet]
) -> None:
    assert remembered(other(found), tmp_path) is None


def test_a_tree_counts_by_its_content_and_by_what_builds_it(
    root: Path, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    install_distribution(site, "offline", "1.4", direct_url=editable(root))
    monkeypatch.setattr(sys, "path", [str(site), str(root), *sys.path])
    local = local_set("offline", cache=cache)
    known = remembered(local, tmp_path)
    assert known is not None
    with monkeypatch.context() as looked:  # edited a moment ago, it is not worth a look at all else
        looked.setattr(remembering, "of_releases", None)
        assert known_set(local, REQUEST, {}, [], besides=[], started_ns=time.time_ns()) is None
    (tree,) = local.sources
    assert known.trees == {str(root): tree.snapshot.content_hash}
    (record,) = known.in_use
    assert cache.environments in Path(record).parents
    assert record.endswith("environment.json")
