"""What the index knows about a file, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from park.model.pins import is_tree_version

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

__all__ = [
    "PROJECTS",
    "KnownFile",
    "Layer",
    "OwnedProject",
    "ProjectStatus",
    "ProjectTotal",
    "PublishedFile",
    "Shelf",
    "shelf_of",
    "trees_of",
]


class KnownFile(NamedTuple):
    """What is known of a file of a name, here or on another index; its size in bytes."""

    sha256: str
    size: int | None


class Layer(StrEnum):
    """The two layers of the index."""

    PROJECTS = "projects"
    TREES = "trees"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """One set of files in which a file name means one sequence of bytes, for ever.

    The released versions are one shelf, with an empty ``owner``; each user's working trees
    are another, which nobody else sees.
    """

    layer: Layer
    owner: str


PROJECTS = Shelf(layer=Layer.PROJECTS, owner="")
"""The service's own projects: the released versions."""


def trees_of(user: str) -> Shelf:
    """Return the shelf of ``user``'s working trees."""
    return Shelf(layer=Layer.TREES, owner=user)


def shelf_of(version: str, user: str) -> Shelf:
    """Return where an upload of ``version`` by ``user`` belongs.

    >>> shelf_of("1.4.2", "ada") == PROJECTS
    True
    >>> shelf_of("1.4.2+t0123456789abcdef", "ada").owner
    'ada'
    """
    return trees_of(user) if is_tree_version(version) else PROJECTS


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedFile:
    """One file of the index: a row of ``index_files``, computed once, at upload."""

    layer: Layer
    owner: str
    """The user whose tree this is; empty for a released version."""
    project: NormalizedName
    version: str
    filename: str
    key: str
    """The one spelling of all names that mean this file (`DistributionName.key`)."""
    size: int
    """Bytes."""
    sha256: str
    """Hex, of the whole file."""
    metadata_sha256: str | None
    """Hex, of the METADATA inside it (PEP 658); None for an sdist."""
    requires_python: str | None
    uploaded_at: str
    """UTC, as PEP 700 wants it: ``2026-11-23T05:45:00.123456Z``."""
    uploaded_by: str
    yanked: str | None
    """The reason (PEP 592), perhaps empty; None where the file is not yanked."""

    @property
    def shelf(self) -> Shelf:
        """The shelf that the file is on."""
        return Shelf(layer=self.layer, owner=self.owner)


class ProjectStatus(StrEnum):
    """The status markers of PEP 792."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DEPRECATED = "deprecated"

    @property
    def takes_uploads(self) -> bool:
        """Whether new files may be published."""
        return self in {ProjectStatus.ACTIVE, ProjectStatus.DEPRECATED}

    @property
    def offers_files(self) -> bool:
        """Whether the files that are there are shown and served."""
        return self is not ProjectStatus.QUARANTINED


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnedProject:
    """A name that the service owns, and so is never looked up anywhere else.

    A name becomes owned by its first released version, or by the operator's claim, and
    stays so when its last version is removed: else a stranger's project of this name,
    upstream, would take its place.
    """

    name: NormalizedName
    status: ProjectStatus = ProjectStatus.ACTIVE
    reason: str | None = None
    """Why it has this status, for people."""
    is_claimed: bool = False
    """Whether the operator claimed it."""
    owned_since: str
    owned_by: str
    """Who published or claimed it first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectTotal:
    """How much of one project is on one shelf; ``size`` in bytes."""

    project: NormalizedName
    layer: Layer
    versions: int
    files: int
    size: int
