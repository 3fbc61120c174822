"""The environment variables that reach compilers, and so are part of what a tree comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["compiler_variables"]

_COMPILER_VARIABLES = frozenset(
    {
        "ARCHFLAGS",
        "CARGO_BUILD_TARGET",
        "CC",
        "CFLAGS",
        "CMAKE_ARGS",
        "CPPFLAGS",
        "CXX",
        "CXXFLAGS",
        "F90FLAGS",
        "FC",
        "FFLAGS",
        "LDFLAGS",
        "LDSHARED",
        "MACOSX_DEPLOYMENT_TARGET",
        "RUSTFLAGS",
    }
)
_COMPILER_PREFIXES = ("CMAKE_BUILD_", "SKBUILD_")


def compiler_variables(outer: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of ``outer`` that reach compilers, and so the bytes of a wheel.

    They stay, since an extension may not build without them; so they are part of a tree's
    version where any is set.
    """
    return {
        name: value
        for name, value in outer.items()
        if value and (name in _COMPILER_VARIABLES or name.startswith(_COMPILER_PREFIXES))
    }
