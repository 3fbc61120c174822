"""What the environment of a job must have, besides the module of its entry point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Reach", "Stale"]

Stale = Literal["warn", "error", "ignore"]
"""What is done where a module's file has changed since this session imported it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What is referred to by the pickles of a job.

    ``modules`` belong to projects that are installed here, ``requirements`` are what a script
    says. ``is_imported`` tells that the entry point's own module is one of them. ``files`` are
    modules that travel as their source, by name.
    """

    modules: frozenset[str] = frozenset()
    requirements: tuple[str, ...] = ()
    is_imported: bool = True
    files: tuple[str, ...] = ()
