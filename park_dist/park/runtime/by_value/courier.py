"""What whoever takes things apart is asked: how a module is found where they are made again."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from types import CodeType
from typing import Protocol

__all__ = ["Courier", "Way"]


class Way(Enum):
    """How what belongs to a module is found where it is made again."""

    THERE = "there"
    """The standard library, or the job's own park."""
    PROJECT = "project"
    """The environment has its project."""
    SOURCE = "source"
    """No project has it: it is imported from its source, which travels along."""
    VALUE = "value"
    """It cannot be imported: what belongs to it travels by value."""


class Courier(Protocol):
    """One pickle or several that belong together, as the reductions see them.

    ``main`` is the kind of the globals (`.namespaces`) of functions of a ``__main__``.
    """

    main: str

    def note(self, module: str | None, /) -> Way:
        """Note that something refers to ``module``; return how that is found."""

    def note_imports(self, names: Iterable[str], /) -> None:
        """Note what a body imports."""

    def number(self, kind: str, value: object, /) -> int:
        """Return the number of ``value`` among those of its ``kind``."""

    def code(self, code: CodeType, /) -> tuple[bytes, int]:
        """Return ``code`` as bytes, and the number of the place that it comes from."""
