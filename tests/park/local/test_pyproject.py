from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from support.material.projects import copy_package, write_tree

from park.errors import LocalSetError
from park.local.pyproject import is_source_tree, read_pyproject

if TYPE_CHECKING:
    from pathlib import Path


def read(tmp_path: Path, text: str) -> object:
    return read_pyproject(write_tree(tmp_path, {"pyproject.toml": text}))


def test_reads_what_is_static(tmp_path: Path) -> None:
    declared = read_pyproject(copy_package("offline", tmp_path))
    assert (declared.name, declared.version) == ("offline", "1.0")
    assert declared.requires == ("packaging>=20", "pip ; extra == 'plot'")
    assert declared.extras == ("plot",)
    assert declared.build_system.backend_path == (".",)


def test_a_dynamic_field_is_unknown(tmp_path: Path) -> None:
    declared = read_pyproject(copy_package("flit-flat", tmp_path))
    assert declared.name == "flit-flat"
    assert declared.version is None
    assert declared.requires == ()


def test_without_a_project_table_only_the_legacy_backend_is_known(tmp_path: Path) -> None:
    declared = read_pyproject(copy_package("setup-py-alone", tmp_path))
    assert (declared.name, declared.version, declared.requires) == (None, None, None)
    assert declared.build_system.backend == "setuptools.build_meta:__legacy__"


@pytest.mark.parametrize("dynamic", ["dependencies", "optional-dependencies"])
def test_dynamic_dependencies_are_unknown(tmp_path: Path, dynamic: str) -> None:
    text = f'[project]\nname = "m"\nversion = "1"\ndynamic = ["{dynamic}"]\n'
    assert read_pyproject(write_tree(tmp_path, {"pyproject.toml": text})).requires is None


def test_extras_of_requirements_with_markers_and_urls(tmp_path: Path) -> None:
    text = """
        [project]
        name = "m"
        [project.optional-dependencies]
        x = ["a; python_version < '4' or os_name == 'nt'", "b @ https://example.org/b.whl"]
    """
    declared = read_pyproject(write_tree(tmp_path, {"pyproject.toml": text}))
    assert declared.requires is not None
    first, second = map(Requirement, declared.requires)
    expected = Marker("(python_version < '4' or os_name == 'nt') and extra == 'x'")
    assert first.marker == expected
    assert second.url == "https://example.org/b.whl"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("project = 3", r"\[project\] is malformed"),
        ("[project]\n", r"\[project\] is malformed; expected a table with a name"),
        ("[project]\nname = 'm'\nversion = 1", "version is malformed; expected a string"),
        ("[project]\nname = 'm'\ndependencies = 'numpy'", "dependencies is malformed"),
        ("[project]\nname = 'm'\ndependencies = ['numpy >>> 1']", "'numpy >>> 1' is not a req"),
        ("[project]\nname = 'm'\noptional-dependencies = []", "optional-dependencies"),
        ("[build-system]\n", r"\[build-system\] is malformed"),
        ("[build-system]\nrequires = []\nbuild-backend = 3", "build-backend a string"),
    ],
)
def test_names_the_malformed_table(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(LocalSetError, match=complaint):
        read(tmp_path, text)


def test_says_that_a_file_is_not_toml(tmp_path: Path) -> None:
    with pytest.raises(LocalSetError, match="is not TOML"):
        read(tmp_path, "[project\nname = 3")


def test_a_file_that_configures_tools_only_is_no_project(tmp_path: Path) -> None:
    assert not is_source_tree(copy_package("no-project", tmp_path))
    assert is_source_tree(copy_package("setup-py-alone", tmp_path))
    assert is_source_tree(copy_package("offline", tmp_path))
