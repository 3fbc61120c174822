"""Sources that are a single file: a wheel given by its path, and a script (PEP 723)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from park.build.archive import Member, write_wheel
from park.build.tree.export import verified_content
from park.build.tree.hashing import snapshot_of
from park.build.tree.tree_file import TreeFile, signature_of
from park.build.tree.tree_version import declared_part, tree_hash, with_tree_hash
from park.build.wheel_source import LocalSource
from park.errors import LocalSetError
from park.local.python_minor import python_minor

if TYPE_CHECKING:
    from pathlib import Path

    from park.build.cache import Cache
    from park.local.project import LocalProject

__all__ = ["ScriptProject", "WheelFile", "single_source"]

_WHEEL = "Wheel-Version: 1.0\nGenerator: park\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelFile(LocalSource):
    """A wheel that somebody else built.

    It gets the hash of its bytes into its version all the same: under its own version it
    would claim to be what an index has released.
    """

    def _raw_wheel(self, output: Path) -> Path:
        (file,) = self.snapshot.files
        target = output / file.path
        target.write_bytes(verified_content(file))
        return target

    def _check(self, wheel: Path) -> None:
        """Nothing to compare: the closure was computed from this very wheel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptProject(LocalSource):
    """A script, as a wheel of one module with the requirements of its inline metadata."""

    def _raw_wheel(self, output: Path) -> Path:
        (file,) = self.snapshot.files
        name = str(self.project.name).replace("-", "_")
        dist_info = f"{name}-{self.project.version}.dist-info"
        members = [
            Member(f"{self.project.module}.py", verified_content(file)),
            Member(f"{dist_info}/METADATA", self._metadata().encode()),
            Member(f"{dist_info}/WHEEL", _WHEEL.encode()),
        ]
        target = output / f"{name}-{self.project.version}-py3-none-any.whl"
        return write_wheel(target, members, dist_info=dist_info)

    def _check(self, wheel: Path) -> None:
        """Nothing to compare: the wheel was written from what the closure was computed for."""

    def _metadata(self) -> str:
        project = self.project
        lines = ["Metadata-Version: 2.1", f"Name: {project.name}", f"Version: {project.version}"]
        return "\n".join([*lines, *(f"Requires-Dist: {text}" for text in project.requires), ""])


def single_source(
    kind: type[WheelFile | ScriptProject], project: LocalProject, *, cache: Cache
) -> LocalSource:
    """Return the file of ``project`` at the version that its content gives it."""
    if project.root is None:
        raise LocalSetError(f"{project} has no file; expected a wheel or a script")
    status = project.root.stat()
    file = TreeFile(project.root.name, str(project.root), False, signature_of(status))
    snapshot = snapshot_of(project.root, [file], cache=cache)
    digest = tree_hash(
        content_hash=snapshot.content_hash,
        python=python_minor(),
        build_lock=(),
    )
    version = with_tree_hash(declared_part(project.version), digest)
    return kind(project=project, version=version, snapshot=snapshot, cache=cache)
