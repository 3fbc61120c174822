"""Removes the versions of working trees that nobody needs, in pieces, with their locks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from park.model.lock_hash import LockHash
from park_repo import queries
from park_repo.curation import MOST_AT_ONCE
from park_repo.database import Database
from park_repo.file_records import PublishedFile
from park_repo.index import Index
from park_server.clock import now
from park_server.retention.trees import tree_rows
from park_server.retention.trees.lapse import TreeVersion, lapsed, versions_of

__all__ = ["SweptTrees", "TreeSweep"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SweptTrees:
    """How many versions and environments went, or would; ``size`` in bytes of their files."""

    versions: int = 0
    environments: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """What is to go, as it was read at ``since``; with the digests that each lock names."""

    versions: Sequence[TreeVersion]
    locks: Mapping[LockHash, frozenset[str]]
    since: str


class TreeSweep:
    """Removes what lapses. Belongs to the event loop.

    ``evict`` removes the environments of locks from the disk; they can be made again until the
    lock is forgotten.
    """

    def __init__(
        self,
        database: Database,
        index: Index,
        evict: Callable[[Sequence[LockHash]], Awaitable[int]],
    ) -> None:
        self._database = database
        self._index = index
        self._evict = evict

    def would_sweep(self, moment: str, newest: int, *, without: Collection[str]) -> SweptTrees:
        """Return what `sweep` would remove were the jobs ``without`` gone; in any thread."""
        plan = self._planned(moment, newest, without)
        files = _files(plan.versions)
        return SweptTrees(
            versions=len(plan.versions),
            environments=len(_locks_of(plan, files)),
            size=sum(file.size for file in files),
        )

    async def sweep(self, moment: str, newest: int) -> SweptTrees:
        """Remove the versions that were not used since ``moment``, but the ``newest`` of each."""
        plan = await asyncio.to_thread(self._planned, moment, newest)
        versions: set[tuple[str, str, str]] = set()
        environments = size = 0
        for files in _pieces(plan.versions):
            locks = _locks_of(plan, files)
            environments += await self._evict(list(locks))
            release = partial(
                tree_rows.release, files=files, named=locks, moment=moment, since=plan.since
            )
            gone = await self._index.curator.remove_trees(release)
            versions.update((file.owner, file.project, file.version) for file in gone)
            size += sum(file.size for file in gone)
        return SweptTrees(versions=len(versions), environments=environments, size=size)

    def _planned(self, moment: str, newest: int, without: Collection[str] = frozenset()) -> _Plan:
        since = now()
        files = self._database.read(queries.trees)
        digests = {file.sha256 for file in files}
        uses = self._database.read(lambda c: tree_rows.uses(c, digests, without=without))
        versions = versions_of(files, uses.used)
        going = lapsed(versions, held=uses.held, moment=moment, newest=newest)
        return _Plan(versions=going, locks=uses.locks, since=since)


def _files(versions: Sequence[TreeVersion]) -> list[PublishedFile]:
    return [file for version in versions for file in version.files]


def _pieces(versions: Sequence[TreeVersion]) -> Iterator[list[PublishedFile]]:
    """Yield the files in pieces that may go in one transaction."""
    files = _files(versions)
    for first in range(0, len(files), MOST_AT_ONCE):
        yield files[first : first + MOST_AT_ONCE]


def _locks_of(plan: _Plan, files: Sequence[PublishedFile]) -> dict[LockHash, frozenset[str]]:
    """Return the locks that name any of ``files``."""
    digests = {file.sha256 for file in files}
    return {lock: named for lock, named in plan.locks.items() if not digests.isdisjoint(named)}
