from __future__ import annotations

import sysconfig

import pytest

from park.build.tree.built_in_place import is_built_in_place, stems_of_sources

SOURCES = stems_of_sources(["pkg/_film.c", "src/roughness.F90", "pkg/_layers.pyx", "pkg/a.py"])


def test_sources_are_those_of_compiled_languages() -> None:
    assert {"_film", "roughness", "_layers"} == SOURCES


@pytest.mark.parametrize(
    "name",
    [
        f"_film{sysconfig.get_config_var('EXT_SUFFIX')}",
        "_film.cpython-313t-darwin.so",
        "roughness.abi3.so",
        "_layers.cp311-win_amd64.pyd",
    ],
)
def test_what_a_build_made_of_a_source_is_known(name: str) -> None:
    assert is_built_in_place(name, SOURCES)


@pytest.mark.parametrize(
    "name",
    [
        "_film.so",
        "_film.c",
        "_film.cpython-311.pyc",
        "_other.cpython-311-x86_64-linux-gnu.so",
        "_film",
    ],
)
def test_what_somebody_may_have_brought_is_not(name: str) -> None:
    assert not is_built_in_place(name, SOURCES)
