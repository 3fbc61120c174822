"""What a function refers to by name, as far as its code shows it: globals, imports, attributes."""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType

from .code import nested_in

__all__ = ["CodeNames", "names_in"]

_BY_TEXT = frozenset({"eval", "exec", "globals"})
"""What finds globals by names in texts."""

_GLOBAL = frozenset({"LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeNames:
    """The names in a piece of code and in all that is nested in it, each once, in order.

    ``imports`` are modules that its body imports, and what is imported from them, which may
    be modules, too; ``attributes`` are all names that may be those of an attribute; ``texts``
    are names in texts that are code, where `eval`, `exec` or `globals` may find something by them.
    """

    globals: tuple[str, ...]
    imports: tuple[str, ...]
    attributes: frozenset[str]
    texts: tuple[str, ...]


@lru_cache(maxsize=4096)
def names_in(code: CodeType) -> CodeNames:
    """Return the names in ``code``."""
    everything = list(nested_in(code))
    return CodeNames(
        globals=tuple(dict.fromkeys(name for each in everything for name in _globals(each))),
        imports=tuple(dict.fromkeys(name for each in everything for name in _imports(each))),
        attributes=frozenset(name for each in everything for name in each.co_names),
        texts=tuple(dict.fromkeys(name for each in everything for name in _in_texts(each))),
    )


def _in_texts(code: CodeType) -> Iterator[str]:
    if not _BY_TEXT.intersection(code.co_names):
        return
    for constant in code.co_consts:
        if isinstance(constant, str):
            with suppress(SyntaxError, ValueError):  # it is for people
                yield from _names_of(ast.parse(constant))


def _names_of(tree: ast.AST) -> Iterator[str]:
    return (each.id for each in ast.walk(tree) if isinstance(each, ast.Name))


def _globals(code: CodeType) -> Iterator[str]:
    for each in dis.get_instructions(code):
        if each.opname in _GLOBAL:
            yield str(each.argval)


def _imports(code: CodeType) -> Iterator[str]:
    parts: object = None  # of `from module import parts`: the constant before the import
    for each in dis.get_instructions(code):
        if each.opname == "LOAD_CONST":
            parts = each.argval
        elif each.opname == "IMPORT_NAME" and each.argval:
            yield str(each.argval)
            if isinstance(parts, tuple):
                yield from (f"{each.argval}.{part}" for part in parts if part != "*")
