"""Paths that a tree's configuration and programs name: its build reads them, wherever they are.

A monorepo keeps one VERSION, README or shared package above its projects; data that git ignores
may be what a wheel is made for. Tables that do not reach the wheel (those of linters, tests and
environments, and of what is left out) are not looked at, nor are dependencies, which are built
by themselves.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from park.build.tree.program_paths import paths_above

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["declared_paths", "is_above"]

_BACKENDS = frozenset(
    {"flit", "hatch", "maturin", "pdm", "poetry", "scikit-build", "setuptools", "uv"}
)
_CONTENTS = frozenset(
    {
        "artifacts",
        "data",
        "data-files",
        "file",
        "files",
        "include",
        "includes",
        "license",
        "license-files",
        "path",
        "paths",
        "readme",
        "source-includes",
    }
)
"""Keys under which those name files and folders that they take, also such as git ignores."""

_ROOTS = frozenset({"from", "only-include", "package-dir", "packages", "python-source", "where"})
"""Keys under which they name folders where packages are: git may ignore much that is in them."""

_OTHERS = frozenset(
    {"dependencies", "dev-dependencies", "envs", "group", "publish", "scripts", "urls", "workspace"}
)
_LEFT_OUT = re.compile(r"exclude")
_INCLUDE = re.compile(r"^\s*(?:include|graft|recursive-include)\s+(?P<what>\S.*)$", re.MULTILINE)
_TOKEN_ABOVE = re.compile(r"(?<![^\s,=:'\"])\.\./[^\s,;'\"]*")
_GLOB = re.compile(r"[*?\[]")


def declared_paths(root: Path) -> tuple[str, ...]:
    """Return what the files that say how the tree at ``root`` is built name, sorted.

    They are relative to it, and need not be there. A path begins with ``..`` where it is above;
    folders around the tree as such are not among them.
    """
    pyproject = _toml(root / "pyproject.toml")
    named = {
        *_of_pyproject(pyproject),
        *paths_above(root, _backend_path(pyproject)),
        *_of_pyproject({"tool": {"hatch": _toml(root / "hatch.toml")}}),
        *_TOKEN_ABOVE.findall(_text(root / "setup.cfg")),
        *(
            word
            for match in _INCLUDE.finditer(_text(root / "MANIFEST.in"))
            for word in match["what"].split()
        ),
    }
    return tuple(sorted(set(_usable(named, root))))


def _backend_path(pyproject: dict[str, Any]) -> list[str]:
    """Return ``backend-path`` (PEP 517); empty where it is not one, which the build refuses."""
    system = pyproject.get("build-system")
    return list(_strings(system.get("backend-path"))) if isinstance(system, dict) else []


def is_above(path: str) -> bool:
    """Tell whether a path that is relative to a tree leads out of it."""
    return path == ".." or path.startswith("../")


def _usable(named: set[str], root: Path) -> Iterator[str]:
    for text in named:
        if not text or "\0" in text or posixpath.isabs(text) or "\\" in text:
            continue
        if _GLOB.search(text):
            yield from _matches(root, text)
            continue
        path = posixpath.normpath(text)
        if _is_no_folder_around(path):
            yield path


def _matches(root: Path, pattern: str) -> Iterator[str]:
    """Yield the files that a pattern selects below the folder with which it begins.

    One that begins with a wildcard selects in packages, which are seen as they are.
    """
    folder = posixpath.dirname(_GLOB.split(pattern)[0])
    below = pattern.removeprefix(f"{folder}/")
    if _is_no_folder_around(posixpath.normpath(folder)):
        with suppress(ValueError, OSError):  # what is no pattern
            for path in (root / folder).glob(below):
                if path.is_file():
                    yield posixpath.normpath(f"{folder}/{path.relative_to(root / folder)}")


def _is_no_folder_around(path: str) -> bool:
    return bool(path.strip("./")) and not path.endswith("/..")


def _of_pyproject(document: dict[str, Any]) -> Iterator[str]:
    project, tool = document.get("project", {}), document.get("tool", {})
    if isinstance(project, dict):
        for key in ("readme", "license", "license-files"):
            yield from _strings(project.get(key))
    if isinstance(tool, dict):
        for name in _BACKENDS & tool.keys():
            yield from _below(tool[name])


def _below(table: object) -> Iterator[str]:
    """Yield each string under one of `_CONTENTS`, and each path above under `_ROOTS`."""
    if isinstance(table, list):
        for each in table:
            yield from _below(each)
    if not isinstance(table, dict):
        return
    for key, value in table.items():
        if key in _OTHERS or _LEFT_OUT.search(key):
            continue
        if key == "force-include" and isinstance(value, dict):
            yield from value  # hatch's: from each key to its value
        elif key in _CONTENTS:
            yield from _strings(value)
        elif key in _ROOTS:
            yield from filter(is_above, _strings(value))
            yield from _below(value)
        else:
            yield from _below(value)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)


def _toml(file: Path) -> dict[str, Any]:
    with suppress(tomllib.TOMLDecodeError):
        return tomllib.loads(_text(file))
    return {}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
