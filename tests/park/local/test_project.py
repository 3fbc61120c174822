"""Projects as this interpreter has them."""

from __future__ import annotations

import pytest
from packaging.utils import NormalizedName

from park.local.project import LocalProject, ProjectKind


@pytest.mark.parametrize("kind", list(ProjectKind))
def test_all_but_a_release_have_their_wheel_from_here(kind: ProjectKind) -> None:
    project = LocalProject(name=NormalizedName("film"), version="1.2", kind=kind)
    assert project.is_local == (kind != "released")
    assert (str(project), str(project.pin)) == ("film 1.2", "film==1.2")
