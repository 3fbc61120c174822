"""Modules that travel as their source, since no project has them: imported as ever in a job."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["SOURCES", "importable"]


class _Sources(MetaPathFinder, InspectLoader):
    """Finds and loads the modules that it was given."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, Any]] = {}

    def add(self, modules: Mapping[str, Mapping[str, Any]]) -> None:
        """Take modules by name, each with ``file``, ``text`` and whether it is a ``package``."""
        self._known.update(modules)
        if self not in sys.meta_path:
            sys.meta_path.append(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module that travelled here."""
        del path, target
        module = self._known.get(fullname)
        if module is None:
            return None
        spec = ModuleSpec(fullname, self, origin=module["file"], is_package=module["package"])
        spec.has_location = True  # tracebacks and `__file__` name where it came from
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the import system."""
        del spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the source of ``module``."""
        known = self._known[module.__name__]
        # the text of a user's module, in that user's job
        exec(compile(known["text"], known["file"], "exec", dont_inherit=True), vars(module))  # noqa: S102

    def get_source(self, fullname: str) -> str | None:
        """Return the source, which tracebacks show."""
        known = self._known.get(fullname)
        return None if known is None else known["text"]

    def is_package(self, fullname: str) -> bool:
        """Tell whether it may have submodules."""
        return bool(self._known[fullname]["package"])


SOURCES = _Sources()


def importable(modules: Mapping[str, Mapping[str, Any]]) -> None:
    """Let ``modules`` be imported from here on."""
    SOURCES.add(modules)
