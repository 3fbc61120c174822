"""What goes along although nothing requires it."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from support.material.projects import copy_package

from park.build.beyond.taken import taken_project
from park.errors import LocalSetError, NoDistribution
from park.local.find import describe_statically
from park.local.project import LocalProject

if TYPE_CHECKING:
    from pathlib import Path


def taken(text: str, cwd: Path) -> LocalProject:
    return taken_project(text, cwd=cwd, describe=describe_statically)


def test_a_project_by_its_name_its_version_or_a_module_of_it(tmp_path: Path) -> None:
    here = version("markdown-it-py")
    for text in ("markdown_it_py", f"Markdown-It-Py=={here}", "markdown_it"):
        assert str(taken(text, tmp_path)) == f"markdown-it-py {here}"
    assert taken("markdown-it-py[linkify]", tmp_path).wanted_extras == {"linkify"}


def test_a_tree_by_its_path(tmp_path: Path) -> None:
    copy_package("offline", tmp_path)
    assert taken("./offline", tmp_path).root == tmp_path / "offline"


def test_what_is_not_here_or_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoDistribution, match="park-t-nothing is not installed in this inter") as e:
        taken("park-t-nothing", tmp_path)
    assert "requires=['park-t-nothing']" in str(e.value.hint)
    with pytest.raises(NoDistribution) as e:
        taken("park-t-nothing<2", tmp_path)
    assert 'park run "park-t-nothing<2" MODULE:FUNCTION' in str(e.value.hint)
    with pytest.raises(LocalSetError, match="was to be taken along; packaging ") as caught:
        taken("packaging<1", tmp_path)
    assert "--with packaging;" in str(caught.value.hint)
    with pytest.raises(NoDistribution, match="does not exist"):
        taken("./nowhere", tmp_path)
