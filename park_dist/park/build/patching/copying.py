"""Trees of which it is known that their backend copies what is in their modules, and no more.

It is so where the backend has no plugins, runs no code of the tree, and has all metadata from
``pyproject.toml``: the table of its own there may say which files are copied, and where to, but
nothing that is made of what is in them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from park.build.backend import PROGRAMS, is_plain
from park.build.tree.export import verified_content
from park.local.pyproject import BuildSystem

if TYPE_CHECKING:
    from park.build.tree.hashing import Snapshot

__all__ = ["copies_modules", "says_files_alone"]

_OTHER_CONFIGURATION = frozenset({*PROGRAMS, "hatch.toml", "setup.cfg"})
"""Files at the root of a tree by which these backends may do more than copy."""

_FILES = ("exclude", "ignore-vcs", "include", "only-include", "only-packages", "packages")

_OF_FILES: Mapping[str, tuple[str, frozenset[str]]] = {
    "flit_core.buildapi": ("flit", frozenset({"module", "sdist"})),
    "hatchling.build": (
        "hatch",
        frozenset(
            {
                "build.targets.sdist",
                "envs",
                "metadata.allow-direct-references",
                *(f"build.{name}" for name in _FILES),
                *(f"build.targets.wheel.{name}" for name in _FILES),
            }
        ),
    ),
    "poetry.core.masonry.api": ("poetry", frozenset({"group", "packages", "requires-poetry"})),
    "setuptools.build_meta": (
        "setuptools",
        frozenset(
            {
                "exclude-package-data",
                "include-package-data",
                "license-files",
                "package-data",
                "package-dir",
                "packages",
                "py-modules",
                "zip-safe",
            }
        ),
    ),
    "uv_build": ("uv", frozenset({"build-backend", "dev-dependencies", "index", "sources"})),
}
"""Of each backend its table below ``[tool]``, and the keys there that say which files go where."""

_OF_COMMANDS = "distutils"
"""A table that has the commands of setuptools do otherwise."""


def copies_modules(snapshot: Snapshot) -> bool:
    """Tell whether an edit of a module changes nothing in the wheel but its copy there."""
    declared = snapshot.named(["pyproject.toml"])
    if not declared or declared[0].link is not None or snapshot.named(_OTHER_CONFIGURATION):
        return False
    return says_files_alone(tomllib.loads(verified_content(declared[0]).decode()))


def says_files_alone(document: Mapping[str, Any]) -> bool:
    """Tell whether a ``pyproject.toml`` leaves to its backend nothing but which files are copied.

    >>> says_files_alone({"project": {"name": "m", "version": "1"}})
    False
    """
    table = document.get("build-system", {})
    system = BuildSystem(
        requires=tuple(table.get("requires", ())),
        backend=table.get("build-backend", ""),
        backend_path=tuple(table.get("backend-path", ())),
    )
    if system.backend not in _OF_FILES or not is_plain(system):
        return False
    project, tools = document.get("project", {}), document.get("tool", {})
    name, known = _OF_FILES[system.backend]
    return (
        "version" in project
        and not project.get("dynamic")
        and _OF_COMMANDS not in tools
        and not any(_others(tools.get(name, {}), known))
    )


def _others(table: Mapping[str, Any], known: frozenset[str], above: str = "") -> Iterator[str]:
    """Yield the keys of a table, with those of tables in it, that are not among the ``known``."""
    for key, value in table.items():
        path = f"{above}{key}"
        if path in known:
            continue
        if isinstance(value, Mapping):
            yield from _others(value, known, f"{path}.")
        else:
            yield path
