"""A project as this interpreter has it: released, or local in one of four ways."""

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
    COPY = "copy"  # packed here from the installed files, which nobody else has
    WHEEL = "wheel"  # a file given by its path
    SCRIPT = "script"  # written here, around one module with inline metadata


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalProject:
    """One project that a closure starts from or passes through.

    ``version`` is the declared or installed one, without any tree hash. ``requires`` has the
    ``Requires-Dist`` values, ``extras`` what the project offers, ``wanted_extras`` what was
    asked of it. ``root`` is the folder of a tree, or the file of a wheel or a script; None
    for what is only installed. ``origin`` says for people how it got here.
    ``version_is_static`` is False where only the build backend can tell the version.
    ``module`` is the importable name that the target gave, or None. ``is_followed`` is False
    where the service is to resolve what it requires, so that a closure ends there.
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
    origin: str = ""
    is_followed: bool = True

    @property
    def is_local(self) -> bool:
        """Whether the wheel comes from here: no index has it."""
        return self.kind is not ProjectKind.RELEASED

    @property
    def pin(self) -> Pin:
        """The pin of a released project."""
        return Pin(name=self.name, version=self.version)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
