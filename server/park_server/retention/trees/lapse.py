"""Which versions of working trees go: a pure decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from park_repo.file_records import PublishedFile

__all__ = ["TreeVersion", "lapsed", "versions_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeVersion:
    """A version of a user's project, its files, and its last use: RFC 3339 in UTC."""

    owner: str
    project: str
    version: str
    files: tuple[PublishedFile, ...]
    last_used: str

    @property
    def digests(self) -> frozenset[str]:
        """The SHA-256 of each file."""
        return frozenset(file.sha256 for file in self.files)


def versions_of(files: Iterable[PublishedFile], used: Mapping[str, str]) -> list[TreeVersion]:
    """Return the versions whose ``files`` these are; ``used`` is the last use by SHA-256.

    To be uploaded is to be used.
    """
    found: defaultdict[tuple[str, str, str], list[PublishedFile]] = defaultdict(list)
    for file in files:
        found[file.owner, file.project, file.version].append(file)
    return [
        TreeVersion(
            owner=owner,
            project=project,
            version=version,
            files=tuple(each),
            last_used=max(max(f.uploaded_at, used.get(f.sha256, "")) for f in each),
        )
        for (owner, project, version), each in found.items()
    ]


def lapsed(
    versions: Iterable[TreeVersion], *, held: AbstractSet[str], moment: str, newest: int
) -> list[TreeVersion]:
    """Return what was not used since ``moment``, the longest unused first.

    The ``newest`` of each project and user stay, and what has a file that is ``held``.
    """
    by_project: defaultdict[tuple[str, str], list[TreeVersion]] = defaultdict(list)
    for each in versions:
        by_project[each.owner, each.project].append(each)
    beyond = [
        each
        for group in by_project.values()
        for each in sorted(group, key=_age, reverse=True)[newest:]
    ]
    return sorted(
        (each for each in beyond if each.last_used < moment and held.isdisjoint(each.digests)),
        key=_age,
    )


def _age(each: TreeVersion) -> tuple[str, str]:
    return each.last_used, each.version
