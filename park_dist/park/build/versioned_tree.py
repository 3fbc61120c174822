"""Source trees with their versions, and their wheels, built in isolation from clean exports."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from park.build.backend import Backend
from park.build.backend_answers import environment_of
from park.build.cache import Cache
from park.build.patching.last_wheel import patched_wheel, remember_wheel
from park.build.step import Progress, silent
from park.build.tree.compiler_variables import compiler_variables
from park.build.tree.export import exported
from park.build.tree.git import tag_for
from park.build.tree.hashing import Snapshot
from park.build.tree.tree_version import TreeHash, tree_hash, with_tree_hash
from park.build.tree.trial import explained, tried
from park.build.tree.version_control import Pretence
from park.build.wheel_source import BuiltWheel, LocalSource
from park.errors import BuildFailed, LocalSetError
from park.local.hint_commands import install_command
from park.local.python_minor import python_minor
from park.local.requirements import differences
from park.local.wheel_file import wheel_metadata

if TYPE_CHECKING:
    from park.build.isolation.isolated_env import BuildEnvironment
    from park.local.project import LocalProject

__all__ = ["TreeProject", "version_tree"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeProject(LocalSource):
    """A source tree and the environment that builds it."""

    environment: BuildEnvironment

    @property
    def pretended_version(self) -> str | None:
        """What is told to whatever asks version control; None where the tree declares it."""
        return None if self.project.version_is_static else self.project.version

    def _patched_wheel(self, output: Path) -> Path | None:
        return patched_wheel(self.snapshot, self._terms(), self.version, output, cache=self.cache)

    def _keep(self, made: BuiltWheel) -> None:
        remember_wheel(made.path, self.snapshot, self._terms(), cache=self.cache)

    def _terms(self) -> str:
        """Return a hash of all that decides about the wheel but the files of the tree."""
        return _tree_hash(f"{self.project} {self.pretended_version}", self.environment)

    def _raw_wheel(self, output: Path) -> Path:
        told = self._told()
        try:
            return self._built(output, told)
        except BuildFailed as failed:
            output_of_it = str(failed.details.get("output", ""))
            if told is None or not told.was_added_to(output_of_it):
                raise
        return self._built(output, told.without_local())

    def _built(self, output: Path, told: Pretence | None) -> Path:
        with exported(self.snapshot, cache=self.cache) as source:
            backend = Backend(source=source, environment=self.environment, told=told)
            try:
                return backend.build_wheel(output)
            except BuildFailed as failed:
                raise explained(failed, self.snapshot, cache=self.cache) from None

    def _told(self) -> Pretence | None:
        version = self.pretended_version
        if version is None:
            return None
        tag = tag_for(self.snapshot.root, version)
        return Pretence(name=self.project.name, version=version, tag=tag)

    def _check(self, wheel: Path) -> None:
        """Refuse another project, and other requirements than those installed here."""
        project, metadata = self.project, wheel_metadata(wheel)
        again = f"install it again: {install_command('--editable', str(project.root))}"
        if metadata.name != project.name:
            raise BuildFailed(
                f"the tree {project.root} builds {metadata.name}; expected {project.name}",
                hint=again,
            )
        changed = differences(project.requires, metadata.requires)
        if changed:
            raise LocalSetError(
                f"{project} as installed here and as built from {project.root} require "
                f"different projects: {', '.join(sorted(changed))}",
                hint=again,
            )


def version_tree(
    project: LocalProject, *, cache: Cache, progress: Progress = silent
) -> TreeProject:
    """Give the tree of ``project`` its version; builds nothing.

    The first tree with new build requirements has their environment made, since what they
    were locked to is part of the version. Raises `LocalSetError` or `BuildFailed`.
    """
    if project.root is None:
        raise LocalSetError(f"{project} is a released project; expected a local source tree")

    def read(snapshot: Snapshot) -> tuple[Snapshot, BuildEnvironment]:
        return snapshot, environment_of(snapshot, cache=cache, progress=progress)

    snapshot, environment = tried(project.root, read, cache=cache, progress=progress)
    digest = _tree_hash(snapshot.content_hash, environment)
    return TreeProject(
        project=project,
        version=with_tree_hash(project.version, digest),
        snapshot=snapshot,
        environment=environment,
        cache=cache,
    )


def _tree_hash(content_hash: str, environment: BuildEnvironment) -> TreeHash:
    return tree_hash(
        content_hash=content_hash,
        python=python_minor(),
        build_lock=environment.installed,
        variables=compiler_variables(os.environ),
    )
