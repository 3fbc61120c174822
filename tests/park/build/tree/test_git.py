"""What git knows of a tree, and that it need not know anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.projects import make_git_checkout, write_tree

from park.build.tree.git import nearest_tag_version

if TYPE_CHECKING:
    from pathlib import Path


SOURCE = {
    "pyproject.toml": "",
    "m/__init__.py": "",
    "m/a.py": "",
    "m/build/__init__.py": "",
    "m/build/wheel.py": "",
    "m/data/film.txt": "",
    "README.md": "",
}


@pytest.mark.parametrize(
    ("tag", "version"), [("v1.4.2", "1.4.2"), ("mymodel-2.0rc1", "2.0rc1"), ("x9z-9z", None)]
)
def test_the_nearest_tag(tmp_path: Path, tag: str, version: str | None) -> None:
    make_git_checkout(write_tree(tmp_path, SOURCE), tag=tag)
    assert nearest_tag_version(tmp_path) == version
