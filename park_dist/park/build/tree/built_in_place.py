"""Extension modules that a build has left beside the sources: the next build makes them anew."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["is_built_in_place", "stems_of_sources"]

_SOURCES = frozenset({".c", ".cc", ".cpp", ".cxx", ".cu", ".f", ".f90", ".pyx"})

_EXTENSION = re.compile(r"\.(?:abi3|cpython-\d+|cp\d+|pypy\d+)[^.]*\.(?:so|pyd)")
"""What ends the name of an extension module that was built for an interpreter (PEP 3149; on Windows
``.cp311-win_amd64.pyd``). A ``.so`` without it may be a library that somebody has brought."""


def stems_of_sources(paths: Iterable[str]) -> frozenset[str]:
    """Return the names of compiled languages' files among ``paths``, without their endings."""
    files = map(PurePosixPath, paths)
    return frozenset(file.stem for file in files if file.suffix.lower() in _SOURCES)


def is_built_in_place(name: str, sources: frozenset[str]) -> bool:
    """Tell whether a file called ``name``, which git ignores, was made of one of ``sources``.

    Its bytes differ from build to build, so that a tree which was only installed anew would get
    another version.
    """
    stem, dot, ending = name.partition(".")
    return stem in sources and _EXTENSION.fullmatch(dot + ending) is not None
