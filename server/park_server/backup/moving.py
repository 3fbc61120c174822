"""Move the state of a stopped service from its SQLite file into a PostgreSQL database."""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy.engine import URL

from park.errors import CannotSatisfy
from park_repo.durable import sync_directory, write_durably
from park_server.backup.home_rows import filled_at, reading
from park_server.backup.making import Told, require_own
from park_server.db.address import named_in, shown
from park_server.db.migrate import schema_of
from park_server.db.portable_rows import counters, tables_of
from park_server.home import Home, stopped

__all__ = ["moved"]


def moved(home: Home, url: URL, told: Told) -> Path:
    """Move the state of ``home`` to ``url``; return where the SQLite file is kept.

    A kill at any moment leaves the file as it was, or the move done. Raises `Conflict` where the
    service runs, `CannotSatisfy` where the state is in PostgreSQL already.
    """
    require_own(home)
    if (named := named_in(home.path)) is not None:
        raise CannotSatisfy(
            f"the state of {home.path} is not in the home: its file `database` names {named}",
            hint="to another server it moves by a backup: park admin backup, then restore"
            " --database URL",
        )
    with stopped(home):
        with reading(home, None) as engine, engine.connect() as connection, connection.begin():
            told(f"copying all rows to {shown(url)}")
            filled_at(url, schema_of(connection), counters(connection), tables_of(connection))
        # first the address: between the two a start is refused, and told why
        write_durably(home.path / "database", f"{shown(url)}\n".encode())
        kept = home.database.with_name(
            f"{home.database.name}.moved-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        )
        home.database.rename(kept)
        sync_directory(home.path)
    return kept
