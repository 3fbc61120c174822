"""All that is asked of the database about tokens, each known by its SHA-256 only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from park.wire import Audience, TokenClass
from park_server.db.blocks import in_blocks
from park_server.db.tables import tokens
from park_server.trust.held_token import HeldToken
from park_server.trust.rights import Rights

__all__ = ["KeptToken", "add", "every", "forget", "note_uses", "refresh", "remove", "revoke"]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptToken:
    """A token with the digests that it is known by: its own, and until when an earlier one."""

    token: HeldToken
    digest: str
    previous: str | None = None
    previous_until: str | None = None


def every(connection: Connection) -> Iterator[KeptToken]:
    """Yield all tokens, those of no use now as well."""
    for row in connection.execute(select(tokens)):
        yield KeptToken(
            token=_token(row),
            digest=row.token_sha256,
            previous=row.previous_sha256,
            previous_until=row.previous_until,
        )


def add(connection: Connection, token: HeldToken, digest: str) -> None:
    """Write a new token."""
    row = {
        "id": token.id,
        "token_sha256": digest,
        "user": token.user,
        "kind": token.kind,
        "audience": token.audience,
        "scopes": None if token.scopes is None else token.scopes.spelled(),
        "parent": token.parent,
        "created": token.created,
        "expires": token.expires,
        "renewable_until": token.renewable_until,
        "note": token.note,
    }
    connection.execute(insert(tokens), row)


def refresh(connection: Connection, kept: KeptToken) -> None:
    """Write the new digest and end of a token that goes on."""
    values = {
        "token_sha256": kept.digest,
        "previous_sha256": kept.previous,
        "previous_until": kept.previous_until,
        "expires": kept.token.expires,
    }
    connection.execute(update(tokens).where(tokens.c.id == kept.token.id).values(values))


def revoke(connection: Connection, ids: Collection[str], moment: str) -> None:
    """Revoke tokens for ever."""
    for some in in_blocks(sorted(ids)):
        connection.execute(
            update(tokens)
            .where(tokens.c.id.in_(some), tokens.c.revoked.is_(None))
            .values(revoked=moment)
        )


def note_uses(connection: Connection, uses: Mapping[str, str]) -> None:
    """Note when each of some tokens was used last."""
    for token, moment in uses.items():
        connection.execute(update(tokens).where(tokens.c.id == token).values(last_used=moment))


def forget(connection: Connection, before: str) -> None:
    """Remove the tokens that ended before a time, and could not be refreshed any more either."""
    connection.execute(
        delete(tokens).where(
            tokens.c.expires < before,
            tokens.c.renewable_until.is_(None) | (tokens.c.renewable_until < before),
        )
    )


def remove(connection: Connection, ids: Collection[str]) -> None:
    """Remove tokens, whatever they are."""
    for some in in_blocks(sorted(ids)):
        connection.execute(delete(tokens).where(tokens.c.id.in_(some)))


def _token(row: Row[Any]) -> HeldToken:
    return HeldToken(
        id=row.id,
        user=row.user,
        kind=TokenClass(row.kind),
        audience=Audience(row.audience),
        scopes=None if row.scopes is None else Rights.of(row.scopes),
        created=row.created,
        expires=row.expires,
        parent=row.parent,
        renewable_until=row.renewable_until,
        last_used=row.last_used,
        revoked=row.revoked,
        note=row.note,
    )
