"""All that is asked of the database about what needs the wheels of working trees."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from park.model.lock_hash import LockHash
from park.model.states import InstallState
from park_repo import queries
from park_repo.file_records import PublishedFile
from park_server.db.blocks import in_blocks
from park_server.db.tables import (
    arriving,
    environment_pins,
    environments,
    installs,
    jobs,
    locks,
    needs,
    offers,
)
from park_server.retention.removal_rows import followed

__all__ = ["TreeUses", "held_locks", "release", "uses"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
"""What looks like a digest in a lock is taken for one: to parse thousands of them takes long."""

_LOCK = re.compile(r'"lock_hash":\s*"([0-9a-f]{64})"')
_INSTALL = re.compile(r'"install":\s*"([\w-]{1,64})"')

_FINAL = [state for state in InstallState if state.is_final]


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeUses:
    """What wheels are needed for.

    ``locks`` have the digests that each lock names, ``held`` those that must stay, ``used`` the
    last use of each digest: RFC 3339 in UTC.
    """

    locks: Mapping[LockHash, frozenset[str]]
    held: frozenset[str]
    used: Mapping[str, str]


def uses(
    connection: Connection, among: AbstractSet[str], *, without: Collection[str] = frozenset()
) -> TreeUses:
    """Return what the wheels ``among``, by SHA-256, are needed for without the jobs ``without``."""
    named: dict[LockHash, frozenset[str]] = {}
    query = select(locks.c.lock_hash, locks.c.document)
    for lock_hash, document in connection.execute(query.execution_options(yield_per=200)):
        found = among & set(_SHA256.findall(document))
        if found:
            named[LockHash(lock_hash)] = frozenset(found)
    held = set(_asked_for(connection))
    for lock_hash in held_locks(connection, without=without):
        held |= named.get(lock_hash, frozenset())
    used: defaultdict[str, str] = defaultdict(str)
    for lock_hash, moment in _last_uses(connection):
        for sha256 in named.get(lock_hash, frozenset()):
            used[sha256] = max(used[sha256], moment)
    return TreeUses(locks=named, held=frozenset(held), used=used)


def held_locks(connection: Connection, *, without: Collection[str] = frozenset()) -> set[LockHash]:
    """Return the locks that something needs: a job, an install, an offer, a pin, a grant.

    As it would be without the jobs ``without``.
    """
    found = set(_held_by_jobs(connection, without))
    held_by: tuple[Select[Any], ...] = (
        _BOUND.join(offers, offers.c.install == installs.c.id),
        _BOUND.where(installs.c.state.not_in(_FINAL)),
        select(environment_pins.c.lock_hash),
    )
    for query in held_by:
        found.update(LockHash(each) for each in connection.execute(query.distinct()).scalars())
    coming, installs_of_coming = _held_by_arriving(connection)
    found |= coming
    for block in in_blocks(followed(connection) | installs_of_coming):
        query = _BOUND.where(installs.c.id.in_(block))
        found.update(LockHash(each) for each in connection.execute(query).scalars())
    return found


_BOUND = select(installs.c.lock_hash).where(installs.c.lock_hash.is_not(None))


def _held_by_jobs(connection: Connection, without: Collection[str]) -> Iterable[LockHash]:
    """Yield the locks of jobs, and of the installs that they name or need."""
    held_by: tuple[tuple[Select[Any], Any], ...] = (
        (select(jobs.c.lock_hash).where(jobs.c.lock_hash.is_not(None)), jobs.c.id),
        (_BOUND.join(jobs, jobs.c.install == installs.c.id), jobs.c.id),
        (_BOUND.join(needs, needs.c.needed == installs.c.id), needs.c.job),
    )
    for query, job in held_by:
        if not without:
            yield from map(LockHash, connection.execute(query.distinct()).scalars())
            continue
        for lock_hash, name in connection.execute(query.add_columns(job)):
            if name not in without:
                yield LockHash(lock_hash)


def _held_by_arriving(connection: Connection) -> tuple[set[LockHash], set[str]]:
    """Return the locks and the installs that jobs name which a large submission is to become."""
    locks_named, installs_named = set[LockHash](), set[str]()
    query = select(arriving.c.document).execution_options(yield_per=1)
    for document in connection.execute(query).scalars():
        locks_named.update(map(LockHash, _LOCK.findall(document)))
        installs_named.update(_INSTALL.findall(document))
    return locks_named, installs_named


def release(
    connection: Connection,
    files: Sequence[PublishedFile],
    named: Mapping[LockHash, frozenset[str]],
    *,
    moment: str,
    since: str,
) -> list[PublishedFile]:
    """Forget the locks that name ``files``; return the files that nothing needs any more.

    ``named`` are the digests of those locks, as they were read at ``since``: what was locked,
    asked for or used from then on, or not before ``moment``, stays. In the transaction in which
    the files go.
    """
    asked_for = set(_asked_for(connection))
    held = held_locks(connection) & named.keys()
    held |= {lock for lock, used in _last_uses(connection, named) if used >= moment}
    # an install of these wheels may be about to read the lock that it will come to
    held |= {lock for lock, digests in named.items() if not digests.isdisjoint(asked_for)}
    for lock_hash in named.keys() - held:
        _forget(connection, lock_hash)
    needed = asked_for.union(*(named[lock] for lock in held))
    newer = select(locks.c.document).where(locks.c.created >= since)
    for document in connection.execute(newer).scalars():
        needed.update(_SHA256.findall(document))
    return [
        file
        for file in files
        if file.sha256 not in needed and queries.find_file(connection, file.shelf, file.key) == file
    ]


def _forget(connection: Connection, lock_hash: LockHash) -> None:
    """Forget a lock, with its environment, and the installs that came to it."""
    for table in (environments, installs, locks):
        connection.execute(delete(table).where(table.c.lock_hash == lock_hash))


def _last_uses(
    connection: Connection, among: Collection[LockHash] | None = None
) -> Iterable[tuple[LockHash, str]]:
    """Yield locks with when they were installed, realised or run in; one may come again."""
    made = select(environments.c.lock_hash, environments.c.realised, environments.c.last_used)
    asked = select(installs.c.lock_hash, installs.c.updated)
    for block in [None] if among is None else in_blocks(among):
        is_one = (
            [table.c.lock_hash.is_not(None) for table in (environments, installs)]
            if block is None
            else [table.c.lock_hash.in_(block) for table in (environments, installs)]
        )
        for lock_hash, realised, last_used in connection.execute(made.where(is_one[0])):
            yield LockHash(lock_hash), max(realised, last_used or "")
        for lock_hash, updated in connection.execute(asked.where(is_one[1])):
            yield LockHash(lock_hash), updated


def _asked_for(connection: Connection) -> Iterable[str]:
    """Yield the digests of the wheels that unfinished installs bring."""
    requests = select(installs.c.request).where(installs.c.state.not_in(_FINAL))
    for request in connection.execute(requests).scalars():
        for wheel in request.get("wheels") or ():
            yield str(wheel["sha256"])
