"""All that is asked of the database about grants. A token is known by its SHA-256 only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from park.errors import UnknownItem
from park.wire import GrantRecord
from park_server.db.blocks import in_blocks
from park_server.db.portable_sql import unindexed
from park_server.db.tables import grants, installs, jobs
from park_server.grants.scope import Grant

__all__ = [
    "add",
    "by_digests",
    "by_ids",
    "check_own",
    "forget",
    "listing",
    "record_of",
    "renew",
    "revoke",
]

_ADD = insert(grants)
_BY_DIGEST = select(grants).where(grants.c.token_sha256.in_(bindparam("digests", expanding=True)))
_BY_ID = select(grants).where(grants.c.id.in_(bindparam("ids", expanding=True)))
_OWN_JOBS = select(jobs.c.id).where(
    jobs.c.id.in_(bindparam("ids", expanding=True)), unindexed(jobs.c.user) == bindparam("user")
)

_OWN_INSTALLS = select(installs.c.id).where(
    installs.c.id.in_(bindparam("ids", expanding=True)), installs.c.user == bindparam("user")
)


def check_own(connection: Connection, user: str, ids: Sequence[str]) -> None:
    """Raise `UnknownItem` naming the first of ``ids`` that is no job or install of ``user``."""
    own: set[str] = set()
    for some in in_blocks(ids):
        for query in (_OWN_JOBS, _OWN_INSTALLS):
            own.update(connection.execute(query, {"ids": some, "user": user}).scalars())
    for job in ids:
        if job not in own:
            raise UnknownItem(f"no job {job} on this service", hint="`park jobs` lists yours")


def add(connection: Connection, grant: Grant, digest: str) -> None:
    """Write a new grant, whose token has the SHA-256 ``digest`` (hex)."""
    connection.execute(
        _ADD,
        {
            "id": grant.id,
            "token_sha256": digest,
            "user": grant.user,
            "jobs": sorted(grant.jobs),
            "files": sorted(grant.files),
            "stops": sorted(grant.stops) or None,
            "holder": grant.holder,
            "lent_to": grant.lent_to,
            "renewable_until": grant.renewable_until,
            "bounced": grant.bounced or None,
            "created": grant.created,
            "expires": grant.expires,
        },
    )


def by_digests(connection: Connection, digests: Collection[str]) -> dict[str, Grant]:
    """Return the grants whose tokens have these digests, by digest; also those of no use now."""
    found: dict[str, Grant] = {}
    for some in in_blocks(digests):
        for row in connection.execute(_BY_DIGEST, {"digests": some}):
            found[row.token_sha256] = _grant(row)
    return found


def by_ids(connection: Connection, ids: Collection[str]) -> dict[str, Grant]:
    """Return the grants with these ids; also those of no use now."""
    found: dict[str, Grant] = {}
    for some in in_blocks(ids):
        for row in connection.execute(_BY_ID, {"ids": some}):
            found[row.id] = _grant(row)
    return found


def listing(connection: Connection, user: str) -> list[Grant]:
    """Return the grants of ``user``, newest first."""
    query = select(grants).where(grants.c.user == user).order_by(grants.c.created.desc())
    return [_grant(row) for row in connection.execute(query)]


def lent_to(connection: Connection, peer: str) -> list[Grant]:
    """Return the grants of ``peer``: a URL, or what names a key; and all with its keys.

    What a client says of a URL may be wrong: whoever has one of these keys is that service.
    """
    bare = peer.rstrip("/")
    is_its = (grants.c.lent_to.in_([peer, bare, f"{bare}/"])) | (grants.c.holder == peer)
    named = [_grant(row) for row in connection.execute(select(grants).where(is_its))]
    found = {grant.id: grant for grant in named}
    for some in in_blocks({grant.holder for grant in named if grant.holder is not None}):
        rows = connection.execute(select(grants).where(grants.c.holder.in_(some)))
        found |= {row.id: _grant(row) for row in rows}
    return list(found.values())


def revoke(connection: Connection, id: str, user: str, moment: str) -> None:  # noqa: A002
    """Revoke a grant of ``user`` for ever; raises `UnknownItem` where there is none."""
    known = connection.execute(
        select(grants.c.revoked).where(grants.c.id == id, grants.c.user == user)
    ).first()
    if known is None:
        raise UnknownItem(f"no grant {id} on this service")
    if known.revoked is None:
        connection.execute(update(grants).where(grants.c.id == id).values(revoked=moment))


def renew(connection: Connection, id: str, expires: str) -> None:  # noqa: A002
    """Let a grant be good for longer, unless it was revoked."""
    which = (grants.c.id == id) & grants.c.revoked.is_(None)
    connection.execute(update(grants).where(which).values(expires=expires))


def forget(connection: Connection, before: str) -> None:
    """Remove the grants that expired before a time."""
    connection.execute(delete(grants).where(grants.c.expires < before))


def record_of(grant: Grant, token: str | None = None) -> GrantRecord:
    """Return the grant as its owner sees it."""
    return GrantRecord(
        id=grant.id,
        jobs=sorted(grant.jobs),
        files=sorted(grant.files),
        created=grant.created,
        expires=grant.expires,
        revoked=grant.revoked,
        stops=sorted(grant.stops),
        holder=grant.holder,
        lent_to=grant.lent_to,
        renewable_until=grant.renewable_until,
        bounced=grant.bounced,
        token=token,
    )


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        id=row.id,
        user=row.user,
        jobs=frozenset(row.jobs),
        files=frozenset(row.files),
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
        stops=frozenset(row.stops or ()),
        holder=row.holder,
        lent_to=row.lent_to,
        renewable_until=row.renewable_until,
        bounced=bool(row.bounced),
    )
