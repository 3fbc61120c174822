"""Projects that are a single file: wheels by path, and scripts with inline metadata."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree
from support.material.wheels import make_wheel

from park.errors import LocalSetError
from park.local.find import find
from park.local.project import ProjectKind

if TYPE_CHECKING:
    from pathlib import Path


def test_a_wheel_by_its_path(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "demo", "1.0", requires=["packaging"])
    project = find("demo-1.0-py3-none-any.whl", cwd=tmp_path)
    assert (project.name, project.version, project.kind) == ("demo", "1.0", ProjectKind.WHEEL)
    assert (project.requires, project.root, project.module) == (("packaging",), wheel, "demo")


@pytest.mark.parametrize(
    ("name", "why"),
    [("demo.whl", "Invalid wheel filename"), ("demo-1.0-py3-none-any.whl", "not a zip file")],
)
def test_a_file_that_is_no_wheel(tmp_path: Path, name: str, why: str) -> None:
    write_tree(tmp_path, {name: "?"})
    with pytest.raises(LocalSetError, match=f"is not a wheel: .*{why}"):
        find(f"./{name}", cwd=tmp_path)


def test_a_wheel_for_another_python(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "demo", "1.0")
    other = path.rename(path.with_name("demo-1.0-cp39-cp39-any.whl"))
    with pytest.raises(LocalSetError, match="is for cp39-cp39; expected a wheel for Python") as it:
        find(str(other))
    assert it.value.hint


def test_a_wheel_for_another_platform_is_fine_here(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "demo", "1.0")
    minor = f"cp{sys.version_info.major}{sys.version_info.minor}"
    name = f"demo-1.0-{minor}-{minor}-macosx_11_0_arm64.whl"
    assert find(str(path.rename(path.with_name(name)))).name == "demo"
