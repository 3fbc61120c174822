"""Modules that nobody found: the last finder on `sys.meta_path` is asked for those alone."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType

from .notes import Notes

__all__ = ["Unfound"]


class Unfound:
    """A finder that finds nothing, and notes into ``notes`` where a module was looked for."""

    def __init__(self, notes: Notes, environment: str) -> None:
        self.notes = notes
        self._environment = environment

    def install(self) -> None:
        """Be asked when all others were."""
        sys.meta_path.append(self)

    @property
    def is_asked(self) -> bool:
        """Whether nobody has taken it out again."""
        return any(each is self for each in sys.meta_path)

    def find_spec(
        self, name: str, path: Iterable[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """Find nothing; see the class."""
        del target
        last = name.rpartition(".")[2]
        folders = sys.path if path is None else path
        self.notes.missing.update(
            f"{folder}/{last}" for folder in folders if folder.startswith(self._environment)
        )
