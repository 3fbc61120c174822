"""Nothing is left behind: what only its own module may use is used there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("park_dist", "server", "repo", "scripts", "tests/support")
MODULES = [file for source in SOURCES for file in sorted((ROOT / source).rglob("*.py"))]


def private_names(tree: ast.Module) -> Iterator[str]:
    """Yield the private names that a module defines, and that no decorator takes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [] if node.decorator_list else [node.name]
        elif isinstance(node, ast.Assign):
            names = [each.id for each in node.targets if isinstance(each, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            names = []
        yield from (name for name in names if re.match("_[^_]", name))


def unused(text: str) -> set[str]:
    """Return the private names of a module that stand there once: where they are defined."""
    counts = Counter(re.findall(r"\w+", text))
    return {name for name in private_names(ast.parse(text)) if counts[name] == 1}


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_private_is_used(source: str) -> None:
    inside = [file for file in MODULES if file.is_relative_to(ROOT / source)]
    found = {str(file.relative_to(ROOT)): unused(file.read_text("utf-8")) for file in inside}
    assert inside
    assert {name: names for name, names in found.items() if names} == {}


def test_what_stands_there_once_is_found() -> None:
    text = "_A: int = 1\n_B = _A\ndef _c(): ...\n@compiles\ndef _d(): ...\n__all__ = []\n"
    assert unused(text) == {"_B", "_c"}
