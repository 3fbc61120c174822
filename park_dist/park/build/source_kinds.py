"""The source of any local project's wheel, by the kind of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from park.build.step import Progress, silent
from park.build.versioned_tree import version_tree
from park.errors import LocalSetError
from park.local.project import ProjectKind

if TYPE_CHECKING:
    from park.build.cache import Cache
    from park.build.wheel_source import LocalSource
    from park.local.project import LocalProject

__all__ = ["local_source"]


def local_source(
    project: LocalProject, *, cache: Cache, progress: Progress = silent
) -> LocalSource:
    """Give the local ``project`` its version; builds nothing.

    Raises `LocalSetError` for a released one, and as each kind of source does.
    """
    if project.kind is ProjectKind.TREE:
        return version_tree(project, cache=cache, progress=progress)
    # what a tree does without takes as long to load as to version one
    from park.build.copied import copied_source
    from park.build.single import ScriptProject, WheelFile, single_source

    match project.kind:
        case ProjectKind.COPY:
            return copied_source(project, cache=cache)
        case ProjectKind.WHEEL:
            return single_source(WheelFile, project, cache=cache)
        case ProjectKind.SCRIPT:
            return single_source(ScriptProject, project, cache=cache)
    raise LocalSetError(f"{project} is a released project; expected a local one")
