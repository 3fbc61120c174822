"""What a job is to run on: the closure of a local project, pinned, its trees versioned."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from park.build.backend_answers import describe
from park.build.beyond.edited import edited_files
from park.build.beyond.required import as_requirement, required_projects
from park.build.beyond.taken import taken_project
from park.build.source_kinds import local_source
from park.build.step import Progress, silent
from park.errors import NoDistribution, NotImportable
from park.local.closure import walked
from park.local.distributions import look_up
from park.local.find import find
from park.local.hint_commands import install_command
from park.local.project import LocalProject, ProjectKind
from park.local.python_minor import python_minor
from park.local.set_options import PLAIN, SetOptions
from park.model.pins import RequirementSet

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from park.build.cache import Cache
    from park.build.wheel_source import LocalSource
    from park.model.pins import Pin

__all__ = ["LocalSet", "local_set", "of_members", "pinned", "project_set", "with_copies"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalSet:
    """A project and its closure as this interpreter has them.

    ``version`` and ``requirements`` have the tree versions; ``sources`` are the projects
    whose wheels come from here (the root too, if it is one); ``module`` is what a job of this
    project imports, None where a path was given and no package is named like the project.
    ``members`` are all projects of the set, as they are here, and ``options`` what was said of
    it. ``edits`` is what is said of releases that were edited here, None where nobody has looked.
    ``contradictions`` is empty unless the set is taken as it is installed. One that
    ``is_gathered`` is of all that a function refers to: nobody has named its project.
    """

    project: LocalProject
    version: str
    requirements: RequirementSet
    sources: tuple[LocalSource, ...]
    module: str | None
    members: tuple[LocalProject, ...] = ()
    options: SetOptions = PLAIN
    contradictions: tuple[str, ...] = ()
    is_gathered: bool = False
    edits: tuple[str, ...] | None = None


def local_set(
    target: str,
    *,
    cache: Cache,
    cwd: Path | None = None,
    progress: Progress = silent,
    options: SetOptions = PLAIN,
) -> LocalSet:
    """Find what ``target`` names (see `park.local.find.find`), and pin its closure.

    It may be a requirement too (``refl1d==1.0.1``), which the service resolves. No wheel is
    built; `LocalSource.wheel` does that, for those that a service misses. Raises
    `LocalSetError` and its kinds, `UsageError` for options that make no sense, or
    `BuildFailed` where a backend has to be asked.
    """
    asked = partial(describe, cache=cache, progress=progress)
    own = as_requirement(target)
    texts = options.required if own is None else (own, *options.required)
    required = required_projects(texts, cache=cache)
    taken = [taken_project(text, cwd=cwd, describe=asked) for text in options.taken]
    if own is not None:
        root = required[0]
    else:
        try:
            root = find(target, cwd=cwd, describe=asked)
        except (NotImportable, NoDistribution):
            if not required:
                raise
            root = replace(required[0], module=target)  # only the service has its project
    if root.name in options.required_names:
        root = replace(required[0], module=root.module)
    return pinned(root, [*required, *taken], cache=cache, progress=progress, options=options)


def project_set(
    name: NormalizedName,
    *,
    cache: Cache,
    progress: Progress = silent,
    options: SetOptions = PLAIN,
) -> LocalSet:
    """Return the set of the project that is installed here under ``name``.

    Raises as `local_set` does; `NoDistribution` where no such project is installed.
    """
    project = look_up(name)
    if project is None:
        raise NoDistribution(
            f"{name} is not installed in this interpreter ({sys.executable})",
            hint=f"install it: {install_command(name)}",
        )
    return pinned(project, (), cache=cache, progress=progress, options=options)


def pinned(
    root: LocalProject,
    beside: Sequence[LocalProject],
    *,
    cache: Cache,
    progress: Progress,
    options: SetOptions,
    named: Sequence[LocalProject] | None = None,
) -> LocalSet:
    """Return the set of ``root`` and of what goes along ``beside`` it, with their closures.

    Of those that were ``named`` by hand (None: all beside it) the files that are installed here
    are sent where they were edited.
    """
    found = walked(root, beside=beside)
    if not options.as_installed:
        found.require_consistent(root)
    edited = _edited(beside if named is None else named, cache)
    return of_members(
        root,
        _as_sent(found.projects, options.copied | edited),
        found.contradictions,
        cache=cache,
        progress=progress,
        options=options,
    )


def with_copies(
    local: LocalSet,
    names: Collection[NormalizedName],
    *,
    cache: Cache,
    progress: Progress = silent,
) -> LocalSet:
    """Return ``local`` with the installed files of the releases ``names`` sent from here."""
    copied = frozenset(member.pin for member in local.members if member.name in names)
    copies = of_members(
        local.project,
        _as_sent(local.members, copied),
        local.contradictions,
        cache=cache,
        progress=progress,
        options=local.options.copying(copied),
    )
    return replace(copies, is_gathered=local.is_gathered)


def of_members(
    root: LocalProject,
    members: tuple[LocalProject, ...],
    contradictions: tuple[str, ...],
    *,
    cache: Cache,
    progress: Progress,
    options: SetOptions,
) -> LocalSet:
    """Return the set of ``root`` whose projects are ``members``; its trees get their versions."""
    sources = tuple(
        local_source(member, cache=cache, progress=progress)
        for member in members
        if member.is_local
    )
    released = (member.pin for member in members if not member.is_local)
    pins = [*released, *(source.pin for source in sources)]
    asked = frozenset(member.name for member in members if not member.is_followed)
    requirements = replace(RequirementSet.of(python_minor(), pins), asked=asked)
    return LocalSet(
        project=root,
        version=requirements.versions()[root.name],
        requirements=requirements,
        sources=sources,
        module=root.module,
        members=members,
        options=options,
        contradictions=contradictions,
    )


def _as_sent(members: Iterable[LocalProject], copied: Container[Pin]) -> tuple[LocalProject, ...]:
    """Return the projects of a closure; of those to be copied, the installed files are sent."""
    return tuple(
        replace(each, kind=ProjectKind.COPY)
        if each.kind is ProjectKind.RELEASED and each.is_followed and each.pin in copied
        else each
        for each in members
    )


def _edited(named: Iterable[LocalProject], cache: Cache) -> frozenset[Pin]:
    """Return which of the projects that were named by hand have files that were edited here."""
    return frozenset(
        each.pin
        for each in named
        if each.kind is ProjectKind.RELEASED
        and each.is_followed
        and edited_files(each.name, cache=cache)
    )
