"""Closures that are remembered: an edit of a tree leaves them, and whatever else does not."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.material.projects import editable, install_distribution

from park.build.known.known_closure import closure_file, recalled_set, store_closure
from park.build.local_set import LocalSet, local_set
from park.build.step import silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from park.build.cache import Cache

LATER_NS = 60_000_000_000


@pytest.fixture
def site(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the tree at ``root`` as it is developed, and a release beside it."""
    site = tmp_path / "site"
    install_distribution(site, "offline", "1.4", direct_url=editable(root))
    install_distribution(site, "known-other", "1", files={"known_other.py": "VALUE = 1\n"})
    monkeypatch.setattr(sys, "path", [str(site), str(root), *sys.path])
    return site


@pytest.fixture
def file(site: Path, cache: Cache, tmp_path: Path) -> Path:
    """Remember the closure of the tree."""
    assert site.is_dir()
    file = closure_file(tmp_path / "known.json")
    local = local_set("offline", cache=cache)
    store_closure(file, "offline", local, ["changed here: x"], started_ns=time.time_ns() + LATER_NS)
    return file


def recalled(file: Path, cache: Cache, target: str = "offline") -> LocalSet | None:
    return recalled_set(file, target, cache=cache, progress=silent)


def test_an_edit_of_a_tree_leaves_its_closure_and_not_its_version(
    file: Path, root: Path, cache: Cache
) -> None:
    before = recalled(file, cache)
    assert before is not None
    module = next(path for path in sorted(root.rglob("*.py")) if path.parent != root)
    module.write_text(f"{module.read_text()}# edited\n")
    after, walked = recalled(file, cache), local_set("offline", cache=cache)
    assert after is not None
    assert after.edits == ("changed here: x",)
    assert after.requirements == walked.requirements != before.requirements
    assert (after.project, after.members) == (walked.project, walked.members)


def test_a_tree_that_is_asked_for_by_its_folder_is_remembered_too(
    site: Path, root: Path, cache: Cache, tmp_path: Path
) -> None:
    assert site.is_dir()
    file, target = closure_file(tmp_path / "known.json"), f"{root}/"
    local = local_set(target, cache=cache)
    store_closure(file, target, local, [], started_ns=time.time_ns() + LATER_NS)
    found = recalled(file, cache, target)
    assert found is not None
    assert (found.project, found.requirements) == (local.project, local.requirements)
    assert recalled(file, cache, str(tmp_path)) is None


@pytest.mark.parametrize("is_static", [True, False])
def test_of_a_tree_that_is_not_installed_declarations_must_say_all(
    root: Path, cache: Cache, tmp_path: Path, *, is_static: bool
) -> None:
    file, target = closure_file(tmp_path / "known.json"), str(root)
    local = local_set(target, cache=cache)
    if not is_static:
        declared = root / "pyproject.toml"
        lines = [each for each in declared.read_text().splitlines() if "dependencies" not in each]
        lines.insert(lines.index("[project]") + 1, 'dynamic = ["dependencies"]')
        declared.write_text("\n".join(lines))
    store_closure(file, target, local, [], started_ns=time.time_ns() + LATER_NS)
    assert file.exists() == is_static


def test_the_module_of_a_tree_is_the_one_that_it_has_now(
    root: Path, cache: Cache, tmp_path: Path
) -> None:
    file, target = closure_file(tmp_path / "known.json"), str(root)
    local = local_set(target, cache=cache)
    store_closure(file, target, local, [], started_ns=time.time_ns() + LATER_NS)
    assert local.module == "offline"
    (package,) = (path for path in root.rglob("offline*") if path.suffix in {"", ".py"})
    package.rename(package.with_name(package.name.replace("offline", "elsewhere")))
    found = recalled(file, cache, target)
    assert found is not None
    assert found.module is None


CHANGES: dict[str, Callable[[Path, Path], object]] = {
    "what the tree requires": lambda root, _: (root / "pyproject.toml").write_text(
        f"{(root / 'pyproject.toml').read_text()}\n# a line\n"
    ),
    "a project has come": lambda _, site: install_distribution(site, "known-new", "1"),
    "a project is gone": lambda _, site: shutil.rmtree(site / "known_other-1.dist-info"),
    "the tree is installed anew": lambda _, site: (
        site / "offline-1.4.dist-info" / "METADATA"
    ).write_text("Metadata-Version: 2.1\nName: offline\nVersion: 1.4\nRequires-Dist: other\n\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_of_what_may_change_it_a_closure_is_walked_again(
    file: Path, root: Path, site: Path, cache: Cache, change: Callable[[Path, Path], object]
) -> None:
    change(root, site)
    assert recalled(file, cache) is None


def test_of_another_module_and_of_a_torn_record_nothing_is_known(file: Path, cache: Cache) -> None:
    assert recalled(file, cache, "known_other") is None
    file.write_text(file.read_text()[:100])
    assert recalled(file, cache) is None


def test_what_contradicts_itself_is_not_remembered(
    site: Path, cache: Cache, tmp_path: Path
) -> None:
    assert site.is_dir()
    file = closure_file(tmp_path / "known.json")
    local = local_set("offline", cache=cache)
    odd = LocalSet(
        project=local.project,
        version=local.version,
        requirements=local.requirements,
        sources=local.sources,
        module=local.module,
        members=local.members,
        contradictions=("a wants b",),
    )
    store_closure(file, "offline", odd, [], started_ns=time.time_ns() + LATER_NS)
    assert not file.exists()
