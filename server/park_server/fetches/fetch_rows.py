"""What the database says of fetches."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from park.model.states import JobState
from park_server.clock import now
from park_server.db.tables import fetched, jobs
from park_server.fetch_target import Target
from park_server.fetches.answers import Known
from park_server.fetches.partial import Source

__all__ = [
    "Before",
    "Key",
    "before",
    "checked",
    "key_of",
    "may_run_again",
    "remember",
    "unfinished",
]

_HERE = and_(fetched.c.user == bindparam("of_user"), fetched.c.url == bindparam("of_url"))
_BEFORE = select(fetched).where(_HERE)
_CHECKED = (
    update(fetched)
    .where(_HERE)
    .values(checked=bindparam("at"), credential=bindparam("with_credential"))
)
_FORGET = delete(fetched).where(_HERE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """Whose file it is, and what opened it."""

    user: str
    url: str
    credential: str

    def parameters(self) -> dict[str, str]:
        """Return the key as parameters of a statement."""
        return {"of_user": self.user, "of_url": self.url}


def key_of(user: str, target: Target) -> Key:
    """Return the key of what ``user`` gets from ``target``."""
    secret = target.authorization
    digest = "" if secret is None else hashlib.sha256(secret.encode()).hexdigest()
    return Key(user=user, url=str(target.url), credential=digest)


@dataclass(frozen=True, kw_only=True, slots=True)
class Before:
    """A file that was fetched before, from ``place`` in the end."""

    sha256: str
    size: int
    name: str
    place: str
    known: Known


def before(connection: Connection, key: Key) -> Before | None:
    """Return what was fetched before, if one may ask whether it changed.

    It is the server that answers 304, and it has seen the credential. But a server may show
    each user another content under one URL: then only a strong ETag tells them apart. (A
    grant is a new credential each time.)
    """
    row = connection.execute(_BEFORE, key.parameters()).first()
    if row is None:
        return None
    is_same = row.credential == key.credential
    if not is_same and not (row.etag or "").startswith('"'):
        return None
    return Before(
        sha256=row.sha256,
        size=row.size,
        name=row.name,
        place=row.place,
        known=Known(etag=row.etag, last_modified=row.last_modified if is_same else None),
    )


def checked(connection: Connection, key: Key) -> None:
    """Note that nothing had changed, as was told to this credential."""
    values = {"at": now(), "with_credential": key.credential}
    connection.execute(_CHECKED, {**key.parameters(), **values})


def remember(connection: Connection, key: Key, source: Source, sha256: str, size: int) -> None:
    """Note what was fetched, if there is a way to ask whether it changes."""
    connection.execute(_FORGET, key.parameters())
    if source.etag is None and source.last_modified is None:
        return
    row = {
        "user": key.user,
        "url": key.url,
        "credential": key.credential,
        "place": source.place,
        "etag": source.etag,
        "last_modified": source.last_modified,
        "sha256": sha256,
        "size": size,
        "name": source.name,
        "checked": now(),
    }
    connection.execute(insert(fetched), row)


def unfinished(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return those of the jobs ``ids`` that have not ended."""
    final = [state for state in JobState if state.is_final]
    query = select(jobs.c.id).where(jobs.c.id.in_(ids), jobs.c.status.not_in(final))
    return set(connection.execute(query).scalars())


def may_run_again(connection: Connection, job: str) -> bool:
    """Tell whether ``job`` has a retry left after one more failure."""
    row = connection.execute(
        select(jobs.c.retries, jobs.c.failures, jobs.c.cancel_requested).where(jobs.c.id == job)
    ).first()
    return row is not None and row.failures < row.retries and not row.cancel_requested
