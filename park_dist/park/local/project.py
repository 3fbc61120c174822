"""A project as this interpreter has it: released, or a source tree under development."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from park.model.pins import Pin

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName

__all__ = ["LocalProject", "ProjectKind"]


class ProjectKind(StrEnum):
    """Where the wheel of a project comes from."""

    RELEASED = "released"  # from an index, at this version
    TREE = "tree"  # built here, from the tree as it is


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalProject:
    """One project that a closure starts from or passes through.

    ``version`` is the declared or installed one, without any tree hash. ``requires`` has the
    ``Requires-Dist`` values, ``extras`` what the project offers, ``wanted_extras`` what was
    asked of it. ``root`` is the folder of the tree, None for a released project;
    ``version_is_static`` is False where only the build backend can tell the version.
    ``module`` is the importable name that the target gave, or None.
    """

    name: NormalizedName
    version: str
    kind: ProjectKind
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    wanted_extras: frozenset[str] = frozenset()
    root: Path | None = None
    version_is_static: bool = True
    module: str | None = None

    @property
    def is_tree(self) -> bool:
        """Whether the wheel is built here."""
        return self.kind is ProjectKind.TREE

    @property
    def pin(self) -> Pin:
        """The pin of a released project."""
        return Pin(name=self.name, version=self.version)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
