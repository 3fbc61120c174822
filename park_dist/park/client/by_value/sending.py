"""What is sent of one call by value: its classes and code by number, and all it refers to."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from copy import copy
from linecache import getlines
from types import CodeType, ModuleType
from typing import Any

from park.client.by_value.module_ways import ModuleWays, Way
from park.client.by_value.source_text import imports_of, sources_of
from park.runtime.by_value.code import nested_in, packed
from park.runtime.by_value.namespaces import MADE

__all__ = ["Sending"]


class Sending:
    """What the pickles of one call have in common.

    ``modules`` are those that an environment must have, of which ``needed`` are imported
    when the pickles are read; ``sources`` are  those that travel as
    their source; ``places`` say where the code comes from (`park.runtime.by_value.code`).
    Equal numbers mean the same class, in whichever pickle of the call it is met.
    """

    main = MADE

    def __init__(self, ways: ModuleWays) -> None:
        self.ways = ways
        self.modules: dict[str, None] = {}
        self.needed: dict[str, None] = {}
        self.sources: dict[str, dict[str, Any]] = {}
        self.places: list[dict[str, Any]] = []
        # by id, which is an object's only as long as that lives
        self.numbers: dict[tuple[str, int], tuple[int, object]] = {}

    def fork(self) -> Sending:
        """Return another that knows all that this does, for one of several calls."""
        other = copy(self)
        other.modules, other.needed = dict(self.modules), dict(self.needed)
        other.sources = dict(self.sources)
        other.places, other.numbers = list(self.places), dict(self.numbers)
        return other

    def number(self, kind: str, value: object, /) -> int:
        """Return the number of ``value`` among those of its ``kind``, in the order they came."""
        key = (kind, id(value))
        if key not in self.numbers:
            self.numbers[key] = sum(each == kind for each, _ in self.numbers), value
        return self.numbers[key][0]

    def code(self, code: CodeType, /) -> tuple[bytes, int]:
        """Return ``code`` as bytes that its source alone decides, and the number of its place."""
        return packed(code), self.place(code)

    def place(self, code: CodeType) -> int:
        """Return the number of ``code``, whose place is noted."""
        number = self.number("code", code)
        if number == len(self.places):
            first = code.co_firstlineno
            last = max((end for _, _, end in _spans(code) if end), default=first)
            source = getlines(code.co_filename)[first - 1 : last]
            self.places.append({"file": code.co_filename, "line": first, "source": source})
        return number

    def note(self, module: str | None, /, *, later: bool = False) -> Way:
        """Note that something refers to ``module``; return how it gets into the job.

        ``later``: only when the job runs, if ever.
        """
        if not isinstance(module, str) or not module:
            return Way.THERE
        way = self.ways.way(module)
        if way is Way.PROJECT:
            self.modules[module] = None
            if not later:
                self.needed[module] = None
        elif way is Way.SOURCE and module not in self.sources:
            self._note_source(module)
        return way

    def note_imports(self, names: Iterable[str], /) -> None:
        """Note what a body imports; what is not here may be missing there, too."""
        for name in names:
            self.note(name, later=True)

    def _note_source(self, module: str) -> None:
        found = sources_of(module)
        fresh = {name: each for name, each in found.items() if name not in self.sources}
        self.sources.update(fresh)
        for name, each in fresh.items():
            is_package = bool(each["package"])
            self.note_imports(imports_of(each["text"], name, is_package=is_package))
            self._note_globals(sys.modules.get(name))

    def _note_globals(self, module: ModuleType | None) -> None:
        """Note the modules of what a module has in its globals: imported in whatever way."""
        for value in list(vars(module).values()) if module else ():
            if isinstance(value, ModuleType):
                self.note(value.__name__, later=True)
            elif isinstance(value, type) or callable(value):
                self.note(_module_of(value), later=True)


def _module_of(value: Any) -> str | None:
    module = getattr(value, "__module__", None)
    return module if isinstance(module, str) and module in sys.modules else None


def _spans(code: CodeType) -> list[tuple[int, int, int | None]]:
    return [span for each in nested_in(code) for span in each.co_lines()]
