"""All that is asked of the database about jobs that need what is on other services."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
)

from park.errors import UsageError
from park.model.ids import JobId
from park.model.references import Reference, references_in
from park.model.truth import Truth
from park_server.db.blocks import in_blocks
from park_server.db.tables import calls, fetches, held_grants, jobs, remote_leaves, staged
from park_server.peers.lent import Lent
from park_server.peers.urls import normalised

__all__ = [
    "Held",
    "RemoteLeaf",
    "bounced_of",
    "bound",
    "forget",
    "held_by",
    "lent_in",
    "references_to_stage",
    "release",
    "staged_references",
    "undecided",
    "write_staged",
]

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_UNDECIDED = select(
    remote_leaves.c.job, remote_leaves.c.position, remote_leaves.c.service, remote_leaves.c.leaf
).where(remote_leaves.c.job.in_(_IDS), remote_leaves.c.truth == Truth.NOT_YET)
_HELD = (
    select(held_grants, jobs.c.user, jobs.c.request_id)
    .join(jobs)
    .where(held_grants.c.job.in_(_IDS))
)
_BOUNCED_OF = (
    select(func.count())
    .select_from(held_grants)
    .join(jobs)
    .where(jobs.c.user == bindparam("user"), held_grants.c.bounced.is_not(None))
)
_BOUND = (held_grants.c.token, held_grants.c.holder)
_STAGED = select(staged.c.reference).where(staged.c.job == bindparam("job"))
_CALL = select(calls.c.document).where(calls.c.job == bindparam("job"))
_FETCH = select(fetches.c.document).where(fetches.c.job == bindparam("job"))
_TOKEN = (
    select(held_grants.c.token)
    .where(held_grants.c.job == bindparam("job"), held_grants.c.service == bindparam("service"))
    .scalar_subquery()
)
_SHARED = select(
    exists().where(
        held_grants.c.token == _TOKEN,  # as it is now: it may have been sealed anew
        held_grants.c.service == bindparam("service"),
        held_grants.c.job != bindparam("job"),
    )
)
_FORGET = delete(held_grants).where(
    held_grants.c.job == bindparam("job"), held_grants.c.service == bindparam("service")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteLeaf:
    """A leaf that the service at the URL ``service`` decides for ``job``."""

    job: JobId
    position: int
    service: str
    leaf: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A grant of the service at the URL ``service`` that is held for ``job``."""

    job: JobId
    service: str
    lent: Lent


def undecided(connection: Connection, jobs: Collection[str]) -> list[RemoteLeaf]:
    """Return the leaves of ``jobs`` that are not decided yet."""
    return [
        RemoteLeaf(job=row.job, position=row.position, service=row.service, leaf=row.leaf)
        for some in in_blocks(jobs)
        for row in connection.execute(_UNDECIDED, {"ids": some})
    ]


def held_by(connection: Connection, jobs: Collection[str]) -> list[Held]:
    """Return the grants that are held for ``jobs``."""
    return [
        Held(job=row.job, service=row.service, lent=_lent(row))
        for some in in_blocks(jobs)
        for row in connection.execute(_HELD, {"ids": some})
    ]


def _lent(row: Row[Any]) -> Lent:
    lent = Lent(row.token, row.holder, request_id=row.request_id)
    if row.bounced is None:
        return lent
    return replace(lent, bounced=row.bounced, user=row.user, job=row.job)


def bounced_of(connection: Connection, user: str) -> int:
    """Return how many grants are held for jobs of ``user`` whose uses are bounced."""
    return connection.execute(_BOUNCED_OF, {"user": user}).scalar_one()


def bound(connection: Connection) -> list[Held]:
    """Return the grants that are bound to this service, each once."""
    query = (
        select(func.min(held_grants.c.job).label("job"), held_grants.c.service, *_BOUND)
        .where(held_grants.c.holder.is_not(None))
        .group_by(held_grants.c.service, *_BOUND)
    )
    return [
        Held(job=JobId(row.job), service=row.service, lent=Lent(row.token, row.holder))
        for row in connection.execute(query)
    ]


def lent_in(held: Collection[Held]) -> dict[tuple[str, str], Lent]:
    """Return the grants by job and normalised URL: each is for the service that gave it."""
    found: dict[tuple[str, str], Lent] = {}
    for each in held:
        try:
            found[each.job, normalised(each.service)] = each.lent
        except UsageError:  # no such service: nothing there can be asked
            continue
    return found


def release(connection: Connection, held: Held) -> bool:
    """Forget a grant that other jobs hold as well; False where it is to be given back first.

    Of jobs that end together exactly one, the last, is told False.
    """
    of_row = {"job": held.job, "service": held.service}
    if not connection.execute(_SHARED, of_row).scalar():
        return False
    connection.execute(_FORGET, of_row)
    return True


def forget(connection: Connection, held: Held) -> None:
    """Forget a grant that was given back."""
    connection.execute(_FORGET, {"job": held.job, "service": held.service})


def references_to_stage(connection: Connection, job: JobId) -> list[Reference]:
    """Return the references to jobs elsewhere in the call or the fetch of ``job``."""
    documents = [
        *connection.execute(_CALL, {"job": job}).scalars(),
        *connection.execute(_FETCH, {"job": job}).scalars(),
    ]
    found = dict.fromkeys(references_in(documents))
    return [reference for reference in found if reference.service is not None]


def staged_references(connection: Connection, job: JobId) -> set[str]:
    """Return which references of ``job`` are staged, by their keys."""
    return set(connection.execute(_STAGED, {"job": job}).scalars())


def write_staged(connection: Connection, job: JobId, documents: dict[str, Any]) -> None:
    """Write what takes the place of references, by their keys."""
    known = staged_references(connection, job)
    rows = [
        {"job": job, "reference": reference, "document": document}
        for reference, document in documents.items()
        if reference not in known
    ]
    if rows:
        connection.execute(insert(staged), rows)
