"""What the database says of fetches."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection, and_, bindparam, delete, insert, literal, select, update

from park.model.states import JobState
from park_server.clock import now
from park_server.db.tables import fetched, job_files, jobs
from park_server.fetch_target import Target
from park_server.fetches.answers import Known
from park_server.fetches.partial import Source

__all__ = [
    "Before",
    "Key",
    "before",
    "checked",
    "has_had",
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
_BY_CONTENT = (
    select(fetched)
    .where(
        fetched.c.user == bindparam("of_user"),
        fetched.c.name == bindparam("called"),
        fetched.c.etag == literal('"') + fetched.c.sha256 + literal('"'),
    )
    .order_by(fetched.c.checked.desc())
    .limit(50)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """Whose file it is, and what opened it; ``place`` is its URL without the query."""

    user: str
    url: str
    credential: str
    place: str

    def parameters(self) -> dict[str, str]:
        """Return the key as parameters of a statement."""
        return {"of_user": self.user, "of_url": self.url}


def key_of(user: str, target: Target, digest_of: Callable[[str], str]) -> Key:
    """Return the key of what ``user`` gets from ``target``.

    ``digest_of`` a secret is what the secret is not found by, however short it is.
    """
    secret = target.authorization
    digest = "" if secret is None else digest_of(secret)
    return Key(user=user, url=str(target.url), credential=digest, place=target.place)


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
        return _by_content(connection, key)
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


def _by_content(connection: Connection, key: Key) -> Before | None:
    """Return a file of that name which was fetched from another URL of the same server.

    Only from one that names what it has by its content, as services do: the file of a job that
    was answered with another's run is at another URL, and the same. The server says so.
    """
    name = unquote(PurePosixPath(urlsplit(key.place).path).name)
    for row in connection.execute(_BY_CONTENT, {"of_user": key.user, "called": name}):
        if urlsplit(row.place)[:2] == urlsplit(key.place)[:2]:
            known = Known(etag=row.etag, last_modified=None)
            return Before(sha256=row.sha256, size=row.size, name=name, place=key.place, known=known)
    return None


def has_had(connection: Connection, user: str, sha256: str) -> bool:
    """Tell whether ``user`` has this very content: fetched it, or a job of his left it."""
    queries = (
        select(fetched.c.url).where(fetched.c.user == user, fetched.c.sha256 == sha256),
        select(jobs.c.id)
        .join(job_files, job_files.c.job == jobs.c.id)
        .where(jobs.c.user == user, job_files.c.sha256 == sha256),
    )
    return any(connection.execute(query.limit(1)).first() is not None for query in queries)


def checked(connection: Connection, key: Key, before: Before) -> None:
    """Note that nothing had changed since ``before``, as was told to this credential."""
    values = {"at": now(), "with_credential": key.credential}
    if not connection.execute(_CHECKED, {**key.parameters(), **values}).rowcount:
        _add(connection, key, before)


def remember(connection: Connection, key: Key, source: Source, sha256: str, size: int) -> None:
    """Note what was fetched, if there is a way to ask whether it changes."""
    connection.execute(_FORGET, key.parameters())
    if source.etag is None and source.last_modified is None:
        return
    known = Known(etag=source.etag, last_modified=source.last_modified)
    before = Before(sha256=sha256, size=size, name=source.name, place=source.place, known=known)
    _add(connection, key, before)


def _add(connection: Connection, key: Key, before: Before) -> None:
    row = {
        "user": key.user,
        "url": key.url,
        "credential": key.credential,
        "place": before.place,
        "etag": before.known.etag,
        "last_modified": before.known.last_modified,
        "sha256": before.sha256,
        "size": before.size,
        "name": before.name,
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
