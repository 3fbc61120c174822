"""An account of a local project's wheel: what is in it, why it has its version, what is not."""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from zipfile import ZipFile

from park.build.tree.left_out import LeftOut, left_out
from park.build.tree.tree_version import declared_part
from park.build.versioned_tree import TreeProject
from park.local.project import ProjectKind

if TYPE_CHECKING:
    from pathlib import Path

    from park.build.step import Progress
    from park.build.wheel_source import BuiltWheel, LocalSource
    from park.model.pins import Pin

__all__ = ["Account", "WheelMember", "account_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelMember:
    """One file of a wheel; ``size`` in bytes."""

    name: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """All that decided about a wheel.

    ``declared`` is the version without the hash of the content. ``inputs`` counts the files
    that were hashed; ``build_requirements`` is what the build environment holds, empty for
    what is not built. ``not_in_wheel`` are files of the tree that the backend saw and did not
    ship, ``left_out`` what no build sees.
    """

    name: str
    version: str
    declared: str
    kind: ProjectKind
    origin: str
    content_hash: str
    inputs: int
    build_requirements: tuple[Pin, ...]
    wheel: BuiltWheel
    members: tuple[WheelMember, ...]
    not_in_wheel: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def account_of(source: LocalSource, *, progress: Progress) -> Account:
    """Build the wheel of ``source``, unless the cache has it, and give account of it.

    Raises as `LocalSource.wheel` does.
    """
    wheel = source.wheel(progress=progress)
    project, snapshot = source.project, source.snapshot
    is_tree = isinstance(source, TreeProject)
    seen = tuple(file.path for file in snapshot.files)
    return Account(
        name=project.name,
        version=source.version,
        declared=declared_part(source.version),
        kind=project.kind,
        origin=project.origin,
        content_hash=snapshot.content_hash,
        inputs=len(snapshot.files),
        build_requirements=source.environment.installed if isinstance(source, TreeProject) else (),
        wheel=wheel,
        members=_members(wheel.path),
        not_in_wheel=_not_in_wheel(source, wheel.path) if is_tree else (),
        left_out=left_out(snapshot.root, seen) if is_tree else (),
    )


def _members(wheel: Path) -> tuple[WheelMember, ...]:
    with ZipFile(wheel) as archive:
        return tuple(WheelMember(name=i.filename, size=i.file_size) for i in archive.infolist())


def _not_in_wheel(source: LocalSource, wheel: Path) -> tuple[str, ...]:
    """Return the files of the tree whose name and content no member of the wheel has.

    A link is none of them: what it leads to has its own line, or is in its place.
    """
    shipped = _recorded(wheel)
    return tuple(
        file.path
        for file in source.snapshot.files
        if file.link is None and (PurePosixPath(file.path).name, file.sha256) not in shipped
    )


def _recorded(wheel: Path) -> frozenset[tuple[str, str]]:
    """Return name (without its folder) and SHA-256 in hex of each member, from RECORD."""
    with ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(io.StringIO(archive.read(name).decode())))
    return frozenset(
        (PurePosixPath(path).name, _hex(digest.partition("=")[2])) for path, digest, _ in rows
    )


def _hex(urlsafe: str) -> str:
    return base64.urlsafe_b64decode(urlsafe + "=" * (-len(urlsafe) % 4)).hex()
