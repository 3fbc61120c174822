"""What reaches compilers is part of the version of a tree."""

from __future__ import annotations

from park.build.tree.compiler_variables import compiler_variables


def test_what_reaches_compilers_is_known() -> None:
    outer = {"CC": "clang", "CFLAGS": "", "SKBUILD_CMAKE_ARGS": "-O3", "PATH": "/usr/bin"}
    assert compiler_variables(outer) == {"CC": "clang", "SKBUILD_CMAKE_ARGS": "-O3"}
