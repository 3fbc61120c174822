"""What a job is to run on: the closure of a local project, pinned, its trees versioned."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from park.build.backend_answers import describe
from park.build.source_kinds import local_source
from park.build.step import Progress, silent
from park.errors import NoDistribution
from park.local.closure import closure
from park.local.distributions import look_up
from park.local.find import find
from park.local.python_minor import python_minor
from park.model.pins import RequirementSet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from park.build.cache import Cache
    from park.build.wheel_source import LocalSource
    from park.local.project import LocalProject

__all__ = ["LocalSet", "local_set", "pinned", "project_set"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalSet:
    """A project and its closure as this interpreter has them.

    ``version`` and ``requirements`` have the tree versions; ``sources`` are the projects
    whose wheels come from here (the root too, if it is one); ``module`` is what a job of this
    project imports, None where a path was given and no package is named like the project.
    """

    project: LocalProject
    version: str
    requirements: RequirementSet
    sources: tuple[LocalSource, ...]
    module: str | None


def local_set(
    target: str, *, cache: Cache, cwd: Path | None = None, progress: Progress = silent
) -> LocalSet:
    """Find what ``target`` names (see `park.local.find.find`), and pin its closure.

    No wheel is built; `LocalSource.wheel` does that, for those that a service misses.
    Raises `LocalSetError` and its kinds, or `BuildFailed` where a backend has to be asked.
    """
    project = find(target, cwd=cwd, describe=partial(describe, cache=cache, progress=progress))
    return pinned(project, closure(project), cache=cache, progress=progress)


def project_set(name: NormalizedName, *, cache: Cache, progress: Progress = silent) -> LocalSet:
    """Return the set of the project that is installed here under ``name``.

    Raises as `local_set` does; `NoDistribution` where no such project is installed.
    """
    project = look_up(name)
    if project is None:
        raise NoDistribution(
            f"{name} is not installed in this interpreter ({sys.executable})",
            hint=f"install it: python -m pip install {name}",
        )
    return pinned(project, closure(project), cache=cache, progress=progress)


def pinned(
    project: LocalProject, members: Sequence[LocalProject], *, cache: Cache, progress: Progress
) -> LocalSet:
    """Return the set of ``members``, of which ``project`` is one, with the trees versioned."""
    sources = tuple(
        local_source(member, cache=cache, progress=progress)
        for member in members
        if member.is_local
    )
    released = (member.pin for member in members if not member.is_local)
    pins = [*released, *(source.pin for source in sources)]
    requirements = RequirementSet.of(python_minor(), pins)
    return LocalSet(
        project=project,
        version=requirements.versions()[project.name],
        requirements=requirements,
        sources=sources,
        module=project.module,
    )
