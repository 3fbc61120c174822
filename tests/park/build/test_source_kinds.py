"""Which source a local project's wheel has, and what has none."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.utils import NormalizedName

from park.build.cache import Cache
from park.build.single import ScriptProject, WheelFile
from park.build.source_kinds import local_source
from park.errors import LocalSetError
from park.local.project import LocalProject, ProjectKind
from park.model.pins import is_tree_version

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("kind", "source"), [(ProjectKind.WHEEL, WheelFile), (ProjectKind.SCRIPT, ScriptProject)]
)
def test_a_file_is_a_source_by_the_kind_of_its_project(
    tmp_path: Path, kind: ProjectKind, source: type
) -> None:
    file = tmp_path / "film.py"
    file.write_text("")
    project = LocalProject(name=NormalizedName("film"), version="0", kind=kind, root=file)
    found = local_source(project, cache=Cache(root=tmp_path / "cache"))
    assert type(found) is source
    assert is_tree_version(found.version)


def test_a_release_has_no_source_here(tmp_path: Path) -> None:
    project = LocalProject(name=NormalizedName("six"), version="1", kind=ProjectKind.RELEASED)
    with pytest.raises(LocalSetError, match="six 1 is a released project; expected a local one"):
        local_source(project, cache=Cache(root=tmp_path))


def test_what_no_tree_needs_is_not_loaded_for_one() -> None:
    program = (
        "import sys\n"
        "import park.build.known.known_closure, park.client.installs.index_memory\n"
        "import park.client.installs.request\n"
        "print(*sorted(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "park.build.versioned_tree" in loaded
    others = {"copied", "single", "cached_copy", "isolation.uv_installer"}
    assert loaded.isdisjoint(f"park.build.{name}" for name in others)
