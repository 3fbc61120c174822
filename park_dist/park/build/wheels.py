"""Trees with their versions, and the wheel of each: built once, then found in the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from park.build.answers import environment_of
from park.build.backend import Backend
from park.build.cache import Cache, fresh_folder, write_atomically
from park.build.export import exported
from park.build.file_lock import exclusive
from park.build.hashing import Snapshot, take_snapshot
from park.build.progress import Progress, silent
from park.build.retag import retag
from park.build.version import tree_hash, with_tree_hash
from park.errors import BuildFailed, LocalSetError
from park.local.metadata import CoreMetadata, parse_metadata
from park.local.requirements import applicable
from park.model.pins import Pin

if TYPE_CHECKING:
    from park.build.environment import BuildEnvironment
    from park.local.project import LocalProject

__all__ = ["BuiltWheel", "TreeProject", "tree_version", "version_tree", "wheel_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltWheel:
    """A finished wheel in the cache.

    ``sha256`` in hex, ``size`` in bytes; ``built`` tells a build from a find in the cache.
    """

    path: Path
    filename: str
    sha256: str
    size: int
    built: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeProject:
    """A local tree at the version that its content gives it, able to give its wheel."""

    project: LocalProject
    version: str
    snapshot: Snapshot
    environment: BuildEnvironment
    cache: Cache

    @property
    def pin(self) -> Pin:
        """The pin that names this tree in a requirement set."""
        return Pin(name=self.project.name, version=self.version)

    def wheel(self, *, progress: Progress = silent) -> BuiltWheel:
        """Return the wheel of this version, building it unless the cache has it.

        Raises `BuildFailed`, or `LocalSetError` where the tree changed meanwhile or requires
        other projects than what is installed says.
        """
        folder = self.cache.wheels / self.project.name / self.version
        if (found := _finished(folder)) is not None:
            return found
        with exclusive(folder):
            if (found := _finished(folder)) is not None:
                return found
            progress(f"building {self.project.name} {self.version}")
            return self._build(folder)

    def _build(self, folder: Path) -> BuiltWheel:
        """Build beside ``folder`` and rename into place; its record is written before that."""
        shutil.rmtree(folder, ignore_errors=True)  # a wheel that is not whole
        with fresh_folder(folder.with_name(f".building-{folder.name}")) as workplace:
            finished = workplace / "finished"
            finished.mkdir()
            wheel = retag(self._backend_wheel(workplace / "raw"), self.version, finished)
            _check(self.project, wheel)
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            size = wheel.stat().st_size
            record = {"filename": wheel.name, "sha256": digest, "size": size}
            write_atomically(finished / "wheel.json", json.dumps(record))
            finished.rename(folder)
        return BuiltWheel(
            path=folder / wheel.name, filename=wheel.name, sha256=digest, size=size, built=True
        )

    def _backend_wheel(self, output: Path) -> Path:
        static = self.project.version_is_static
        with exported(self.snapshot, cache=self.cache) as source:
            backend = Backend(
                source=source,
                environment=self.environment,
                pretended_version=None if static else self.project.version,
            )
            return backend.build_wheel(output)


def version_tree(
    project: LocalProject, *, cache: Cache, progress: Progress = silent
) -> TreeProject:
    """Give the tree of ``project`` its version; builds nothing.

    The first tree with new build requirements has their environment made, since what they
    were locked to is part of the version. Raises `LocalSetError` or `BuildFailed`.
    """
    if project.root is None:
        raise LocalSetError(f"{project} is a released project; expected a local source tree")
    snapshot = take_snapshot(project.root, cache=cache)
    environment = environment_of(snapshot, cache=cache, progress=progress)
    digest = tree_hash(
        content_hash=snapshot.content_hash,
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        build_lock=environment.installed,
    )
    return TreeProject(
        project=project,
        version=with_tree_hash(project.version, digest),
        snapshot=snapshot,
        environment=environment,
        cache=cache,
    )


def tree_version(project: LocalProject, *, cache: Cache, progress: Progress = silent) -> str:
    """Return the version that a service is to run: a tree's with its hash, else the release."""
    if not project.is_tree:
        return project.version
    return version_tree(project, cache=cache, progress=progress).version


def wheel_of(project: LocalProject, *, cache: Cache, progress: Progress = silent) -> BuiltWheel:
    """Return the wheel of the tree of ``project`` as it is now."""
    return version_tree(project, cache=cache, progress=progress).wheel(progress=progress)


def _finished(folder: Path) -> BuiltWheel | None:
    """Return the wheel in ``folder`` if it is there in its full size."""
    try:
        record: dict[str, Any] = json.loads((folder / "wheel.json").read_bytes())
        path = folder / record["filename"]
        whole = path.stat().st_size == record["size"]
    except (OSError, ValueError, KeyError):
        return None
    return BuiltWheel(path=path, built=False, **record) if whole else None


def _check(project: LocalProject, wheel: Path) -> None:
    """Refuse a wheel that is not what the closure was computed for."""
    metadata = _metadata(wheel)
    if metadata.name != project.name:
        raise BuildFailed(
            f"the tree {project.root} builds {metadata.name}; expected {project.name}",
            hint=f"install it again: python -m pip install --editable {project.root}",
        )
    declared, built = applicable(project.requires), applicable(metadata.requires)
    if declared != built:
        changed = ", ".join(sorted(declared ^ built))
        raise LocalSetError(
            f"{project} as installed here and as built from {project.root} require different "
            f"projects: {changed}",
            hint=f"install it again: python -m pip install --editable {project.root}",
        )


def _metadata(wheel: Path) -> CoreMetadata:
    with ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return parse_metadata(archive.read(name).decode(), where=f"{wheel.name}/{name}")
