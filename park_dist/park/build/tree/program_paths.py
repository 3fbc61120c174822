"""Paths above a tree that the programs of its build name: what a ``setup.py`` reads beside it.

Read from their text, since a program that asks whether ``../VERSION`` exists does not fail
without it: the wheel would be another one, silently. Paths that are put together in other ways
are found out by a build that fails (see `park.build.tree.sought`).
"""

from __future__ import annotations

import ast
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

__all__ = ["paths_above"]

_PROGRAMS = ("setup.py", "hatch_build.py", "pdm_build.py", "build.py")
_MOST_FILES = 1_000
"""A folder with more is no helper of a build; what of it is needed, a failed build tells."""

_MOST_NAMES = 20  # an assignment that refers to itself ends there


def paths_above(root: Path, backend_path: Iterable[str] = ()) -> Iterator[str]:
    """Yield the paths above ``root`` that its build's programs name, relative to it.

    ``backend_path`` has the folders of a backend that is in the tree itself (PEP 517).
    """
    own = [file for folder in backend_path for file in sorted((root / folder).glob("*.py"))]
    for file in dict.fromkeys([*(root / name for name in _PROGRAMS), *own]):
        with suppress(OSError, SyntaxError, ValueError, RecursionError):
            program = ast.parse(file.read_bytes())
            base = posixpath.dirname(file.relative_to(root).as_posix())
            yield from _usable(root, program, _named(program, base))


def _usable(root: Path, program: ast.Module, named: Iterable[str]) -> Iterator[str]:
    for path in {posixpath.normpath(text) for text in named}:
        if not path.startswith("..") or "\0" in path:
            continue
        if path.strip("./"):
            if not _is_large(root / path):
                yield path
            continue
        for module in _imported(program):  # the folder around as such is never copied
            each = (f"{path}/{module}.py", f"{path}/{module}")
            yield from (one for one in each if (root / one).exists())


def _is_large(folder: Path) -> bool:
    count = 0
    for _, _, files in os.walk(folder):
        count += len(files)
        if count > _MOST_FILES:
            return True
    return False


def _imported(program: ast.Module) -> Iterator[str]:
    for node in ast.walk(program):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        yield from (name.partition(".")[0] for name in names)


def _named(program: ast.Module, base: str) -> Iterator[str]:
    """Yield each path in the text of ``program``, which lies in the folder ``base``."""
    names = {
        target.id: node.value
        for node in ast.walk(program)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    inner = set()
    for node in ast.walk(program):  # the outer expression before those that it is made of
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value if node.value.startswith("../") else ""
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            inner.add(node.left)
            first, *rest = _divided(node)
            yield "" if node in inner else _joined(_climbed(first, names), rest, base)
        elif isinstance(node, ast.Call) and (joined := _arguments(node)):
            yield _joined(_climbed(joined[0], names), joined[1:], base)


def _arguments(call: ast.Call) -> list[ast.expr]:
    """Return what a call joins to a path, if it does."""
    called = call.func
    if isinstance(called, ast.Attribute) and called.attr == "joinpath":
        return [called.value, *call.args]
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return call.args if name in {"join", "Path"} else []


def _divided(node: ast.expr) -> list[ast.expr]:
    """Return the parts of ``a / b / c``."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return [*_divided(node.left), node.right]
    return [node]


class _Climb(NamedTuple):
    """How far up an expression goes, and whether it begins at the program's file."""

    steps: int
    from_file: bool


def _climbed(start: ast.expr, names: Mapping[str, ast.expr]) -> _Climb:
    steps, from_file = 0, False
    queue, looked = [start], 0
    while queue and looked < _MOST_NAMES:
        looked += 1
        for node in ast.walk(queue.pop()):
            steps += _steps(node)
            if isinstance(node, ast.Name):
                from_file = from_file or node.id == "__file__"
                queue.extend([names[node.id]] if node.id in names else [])
    return _Climb(steps, from_file)


def _steps(node: ast.AST) -> int:
    if isinstance(node, ast.Attribute):
        return int(node.attr in {"parent", "dirname"})
    if isinstance(node, ast.Name):
        return int(node.id == "dirname")
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
        index = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return index + 1 if node.value.attr == "parents" and isinstance(index, int) else 0
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.split("/").count("..")
    return 0


def _joined(climb: _Climb, parts: Iterable[ast.expr], base: str) -> str:
    """Return the path that ``parts`` lead to, as far as they are texts."""
    texts = [part.value if isinstance(part, ast.Constant) else None for part in parts]
    below = [text for text in takewhile(bool, texts) if isinstance(text, str)]
    if not below:
        return ""
    # __file__ itself is one step below its folder
    up = [".."] * (climb.steps - 1 if climb.from_file else climb.steps)
    return posixpath.normpath(posixpath.join(base if climb.from_file else "", *up, *below))
