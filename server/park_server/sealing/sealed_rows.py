"""What the database keeps sealed, sealed anew: with another key, or what is in clear still."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from sqlalchemy import Column, Connection, Engine, bindparam, select, update

from park.errors import ParkError
from park.wire import JobRequest, decode, encode
from park_server.db.tables import arriving, fetches, held_grants
from park_server.json_pieces import loads, text_of
from park_server.sealing.kept_request import kept_request
from park_server.sealing.sealing import Sealing

__all__ = ["seal_all", "settle"]

_log = logging.getLogger("park.sealing")

_COLUMNS = (held_grants.c.token, fetches.c.authorization)


def settle(engine: Engine, sealing: Sealing) -> None:
    """Seal anew what is not sealed with the key of now, at a start, before anybody else writes.

    What was in clear, in the database of an earlier park, is in no file of SQLite any more.
    """
    if sealing.is_settled:
        return
    with engine.connect() as connection, connection.begin():
        lost = seal_all(connection, sealing)
    if engine.dialect.name == "sqlite":
        _empty_journal(engine)
    if lost:
        _log.warning(
            "%d credentials of jobs were sealed with a key that is not in the home: put the file"
            " sealing-key of the home that they are of there as sealing-key.before, and start"
            " again; without it these jobs fail",
            lost,
        )
    sealing.settled()


def _empty_journal(engine: Engine) -> None:
    """Write all that is in SQLite's journal to the file, and leave the journal empty."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    finally:
        connection.close()


def seal_all(connection: Connection, sealing: Sealing) -> int:
    """Have all that is kept sealed with the key of now; return how much of it no key here opens."""
    lost = 0
    for column in _COLUMNS:
        kept = _distinct(connection, column)
        _rewrite(connection, column, ((each, sealing.sealed_anew(each)) for each in kept))
        lost += sum(not sealing.opens(each) for each in _distinct(connection, column))
    pieces = connection.execute(select(arriving.c.document)).scalars().all()
    anew = ((document, _piece(document, sealing)) for document in pieces)
    _rewrite(connection, arriving.c.document, anew)
    return lost


def _distinct(connection: Connection, column: Column[str]) -> list[str]:
    query = select(column).where(column.is_not(None)).distinct()
    return [each for each in connection.execute(query).scalars() if each is not None]


def _rewrite(connection: Connection, column: Column[str], anew: Iterable[tuple[str, str]]) -> None:
    rows = [{"was": was, "will_be": will_be} for was, will_be in anew if was != will_be]
    if rows:
        statement = update(column.table).where(column == bindparam("was"))
        connection.execute(statement.values({column: bindparam("will_be")}), rows)


def _piece(document: str, sealing: Sealing) -> str:
    """Return a piece of a submission that is on its way in, its secrets sealed anew."""
    try:
        requests = [decode(JobRequest, each) for each in loads(document)]
    except (ParkError, ValueError, TypeError):  # nothing will become of it either
        return document
    return text_of([encode(kept_request(each, sealing.sealed_anew)) for each in requests])
