"""What several modules need together: the closures of all their projects, in one set."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from park.build.backend_answers import describe
from park.build.beyond.required import required_projects
from park.build.beyond.taken import taken_project
from park.build.local_set import LocalSet, pinned
from park.build.step import Progress, silent
from park.errors import LocalSetError, NoDistribution
from park.local.closure import closure
from park.local.distributions import look_up
from park.local.find import find
from park.local.hint_commands import install_command
from park.local.metadata import project_name
from park.local.project import LocalProject, ProjectKind
from park.local.script import running_script, source_of
from park.local.set_options import PLAIN, SetOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from park.build.cache import Cache

__all__ = ["NOTHING", "gathered_set"]

NOTHING = Path(__file__).with_name("nothing_required.py")
"""What stands for a project where nothing but Python is needed."""


def gathered_set(
    modules: Iterable[str],
    requirements: Iterable[str] = (),
    *,
    cache: Cache,
    progress: Progress = silent,
    options: SetOptions = PLAIN,
) -> LocalSet:
    """Return the set of all projects that have one of ``modules``, or that are required.

    ``options`` say what goes along besides.

    Its project is one whose closure is in no other's: where there is but one, the set is
    that project's own. Without any, it is a project that has and needs nothing.

    Raises `LocalSetError` and its kinds.
    """
    look = partial(describe, cache=cache, progress=progress)
    roots: dict[NormalizedName, LocalProject] = {}
    for module in sorted(modules):
        if module.partition(".")[0] not in sys.stdlib_module_names:
            project = find(module, describe=look)
            roots.setdefault(project.name, project)
    for text in requirements:
        wanted = _required(text)
        if wanted is not None and (wanted.wanted_extras or wanted.name not in roots):
            roots[wanted.name] = wanted
    taken = [taken_project(text, cwd=None, describe=look) for text in options.taken]
    beside = [*required_projects(options.required, cache=cache), *taken]
    closures = {name: closure(root) for name, root in sorted(roots.items())}
    root = roots.pop(_outermost(closures)) if closures else _nothing()
    found = pinned(
        root,
        [*(each for _, each in sorted(roots.items())), *beside],
        cache=cache,
        progress=progress,
        options=options,
        named=taken,
    )
    return replace(found, is_gathered=True)


def _required(text: str) -> LocalProject | None:
    """Return the installed project that meets a requirement; None where it does not apply."""
    requirement = Requirement(text)
    if requirement.marker is not None and not requirement.marker.evaluate():
        return None
    project = look_up(canonicalize_name(requirement.name))
    if project is None:
        raise NoDistribution(
            f"{requirement.name} is required, and not installed in this interpreter "
            f"({sys.executable})",
            hint=f"install it: {install_command(*_source(requirement))}",
        )
    if not requirement.specifier.contains(project.version, prereleases=True):
        raise LocalSetError(
            f"{requirement} is required, and {project} is installed here",
            hint=f"install what is required: {install_command(str(requirement))}",
        )
    return replace(project, wanted_extras=frozenset(map(canonicalize_name, requirement.extras)))


def _source(requirement: Requirement) -> tuple[str, ...]:
    """Return what installs it: what the script that runs here says, for it may be in no index."""
    script, name = running_script(), canonicalize_name(requirement.name)
    return (script and source_of(script, name)) or (str(requirement),)


def _outermost(closures: Mapping[NormalizedName, Sequence[LocalProject]]) -> NormalizedName:
    """Return the project that no other one needs, a local one first."""
    inner = {
        member.name
        for name, members in closures.items()
        for member in members
        if member.name != name
    }
    candidates = [name for name in closures if name not in inner] or list(closures)

    def rank(name: NormalizedName) -> tuple[bool, int, str]:
        root = next(each for each in closures[name] if each.name == name)
        return not root.is_local, -len(closures[name]), name

    return min(candidates, key=rank)


def _nothing() -> LocalProject:
    return LocalProject(
        name=project_name("standard-library", where=str(NOTHING)),
        version="0",
        kind=ProjectKind.SCRIPT,
        root=NOTHING,
        origin="Python's standard library alone",
        module=NOTHING.stem,
    )
