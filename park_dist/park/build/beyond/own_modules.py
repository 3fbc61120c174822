"""What the modules of a wheel import and name: a look at their text, which runs nothing.

Remembered beside the wheel, whose content its version names.
"""

from __future__ import annotations

import ast
import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from park.atomic import write_atomically

__all__ = ["Mentions", "mentions_of_text", "mentions_of_wheel"]

_MEMORY = "mentions.json"
_LONGEST_WORD = 100
_NOT_RUN = frozenset({"test", "tests", "_tests", "testing", "docs", "examples"})
_IMPORTERS = frozenset({"import_module", "__import__", "find_spec"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Mentions:
    """What modules name.

    ``imports`` are dotted names, each with the module that imports it first; ``words`` the
    texts that may be names of entry point groups.
    """

    imports: dict[str, str] = field(default_factory=dict)
    words: frozenset[str] = frozenset()


def mentions_of_wheel(wheel: Path) -> Mentions:
    """Return what the modules in ``wheel`` mention, but for its tests and examples."""
    memory = wheel.with_name(_MEMORY)
    with suppress(OSError, ValueError, KeyError):
        known = json.loads(memory.read_bytes())
        return Mentions(imports=known["imports"], words=frozenset(known["words"]))
    imports: dict[str, str] = {}
    words: set[str] = set()
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(filter(_is_own_module, archive.namelist())):
            found = mentions_of_text(archive.read(name), name)
            imports = {**found.imports, **imports}
            words |= found.words
    with suppress(OSError):  # it can be read again
        write_atomically(memory, json.dumps({"imports": imports, "words": sorted(words)}))
    return Mentions(imports=imports, words=frozenset(words))


def _is_own_module(name: str) -> bool:
    path = PurePosixPath(name)
    if path.suffix != ".py" or path.stem == "conftest" or path.stem.startswith("test_"):
        return False
    return _NOT_RUN.isdisjoint(path.parts[:-1])


def mentions_of_text(source: bytes, name: str) -> Mentions:
    """Return what one module mentions; of one that is not Python, nothing.

    Imports of ``if TYPE_CHECKING`` and of ``if __name__ == "__main__"`` are none of a job's. Those
    in ``try`` and in functions count: where they fail, the result is silently another.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return Mentions()
    imports: dict[str, str] = {}
    words: set[str] = set()
    for node in _walk(tree):
        for dotted in _imported(node):
            if dotted.partition(".")[0] not in sys.stdlib_module_names:
                imports.setdefault(dotted, name)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            word = node.value
            if 0 < len(word) <= _LONGEST_WORD and not any(map(str.isspace, word)):
                words.add(word)
    return Mentions(imports=imports, words=frozenset(words))


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and _is_of_no_job(node.test):
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _is_of_no_job(test: ast.expr) -> bool:
    text = ast.unparse(test)
    return text.endswith("TYPE_CHECKING") or text.startswith("__name__ ==")


def _imported(node: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a statement, or a call with a constant, imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and node.args and _called(node.func) in _IMPORTERS:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
