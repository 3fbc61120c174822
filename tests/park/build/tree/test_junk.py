"""What is never part of a project."""

from __future__ import annotations

import pytest

from park.build.tree.junk import is_junk_file, is_junk_folder


@pytest.mark.parametrize(
    "name", ["__pycache__", ".git", ".venv.egg-info", "film.egg-info", "film-1.dist-info", ".tox"]
)
def test_leavings_of_tools_are_junk_folders(name: str) -> None:
    assert is_junk_folder(name)


@pytest.mark.parametrize("name", ["build", "dist", "git", ".github", "tests", "egg-info", "data"])
def test_what_may_be_a_package_or_its_data_is_not(name: str) -> None:
    assert not is_junk_folder(name)


@pytest.mark.parametrize("name", ["a.pyc", "a.pyo", "a.py~", ".a.py.swp", ".#a.py", ".git"])
def test_leavings_of_interpreters_and_editors_are_junk_files(name: str) -> None:
    assert is_junk_file(name)


@pytest.mark.parametrize("name", ["a.py", "pyc", ".gitignore", "a.swp.txt", "#a", ".env"])
def test_what_somebody_wrote_is_not(name: str) -> None:
    assert not is_junk_file(name)
