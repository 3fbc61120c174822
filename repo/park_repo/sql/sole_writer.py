"""One writer for a PostgreSQL database: an advisory lock of the session that writes.

The lock is the session's, so each commit is one of whoever holds it: who lost the connection
lost the lock with it, and writes nothing more before it is his again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from park.errors import Conflict
from park_repo.sql.custody import Custody
from park_repo.sql.postgresql_engine import postgresql_engine
from park_repo.sql.told import told

__all__ = ["CONNECT_S", "LOOKS_S", "NOTICED_S", "SoleWriter", "writer_watch"]

_KEY = int.from_bytes(b"park", "big")
"""Locks are those of one database: any number that others are unlikely to take."""

_PATIENCE_S = 5.0
"""How long the session of a service that was killed may take to end at the server."""

_PAUSE_S = 0.05

CONNECT_S = 2
"""How long a look whether nobody writes waits for the server, before the next look."""

NOTICED_S = 4.0
"""How long a server that holds the lock goes without hearing of the machine of who has it, at most.

Else it is two hours, as TCP has it. Where the process ends and its machine does not, the server
hears of it at once, or, amid a statement, within `LOOKS_S`.
"""

LOOKS_S = 1.0
"""Between two looks of the server, amid a statement, whether its client is there."""

_SESSION = {
    "client_connection_check_interval": f"{LOOKS_S:g}s",  # from PostgreSQL 14 on
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": f"{NOTICED_S:g}s",
}
"""<https://www.postgresql.org/docs/current/runtime-config-connection.html>, for who holds the lock:
its session is to end soon after it, since the next one waits for that."""

_CASES = " ".join(f"WHEN '{name}' THEN '{value}'" for name, value in _SESSION.items())
_NAMES = ", ".join(f"'{name}'" for name in _SESSION)
_SETTLE = (
    f"SELECT set_config(name, CASE name {_CASES} END, false)"  # noqa: S608 (its own words)
    f" FROM pg_settings WHERE name IN ({_NAMES})"
)
"""Of those that this server knows."""

_TAKE = f"SELECT pg_try_advisory_lock({_KEY})"
_MARK = "SELECT pg_current_xact_id_if_assigned()::text"
_STATUS = text("SELECT pg_xact_status(CAST(CAST(:mark AS text) AS xid8))")
"""Known until long after: <https://www.postgresql.org/docs/current/functions-info.html>."""


def writer_watch(url: URL) -> Callable[[], bool]:
    """Return what tells whether nobody writes to the database; not where it cannot be asked.

    The driver is loaded now, which takes more of a processor than all else of a take-over: who
    stands by has time for that. Raises `CannotSatisfy` where it is not installed.
    """
    return partial(_is_unwritten, postgresql_engine(url, read_only=True, connect_s=CONNECT_S))


def _is_unwritten(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            return bool(told(connection, _TAKE).fetchone()[0])
    except DBAPIError:
        return False
    finally:
        engine.dispose()  # and with the session goes the lock


class SoleWriter(Custody):
    """Keeps others from writing."""

    def __init__(
        self,
        *,
        patience_s: float = _PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._patience_s = patience_s
        self._clock = clock
        self._sleep = sleep

    def enter(self, connection: Connection) -> None:
        """Take the lock; raises `Conflict` where somebody else keeps it."""
        deadline = self._clock() + self._patience_s
        with connection.begin():
            told(connection, _SETTLE)
        while True:
            with connection.begin():  # locks of sessions outlive transactions
                if told(connection, _TAKE).fetchone()[0]:
                    return
            if self._clock() >= deadline:
                raise Conflict(
                    "another park service writes to this database",
                    hint="stop it, or give this one a database of its own",
                )
            self._sleep(_PAUSE_S)

    def mark(self, connection: Connection) -> str | None:
        """Return the id of the transaction; None where it has written nothing."""
        found = told(connection, _MARK).fetchone()[0]
        return None if found is None else str(found)

    def has_kept(self, connection: Connection, mark: str) -> bool:
        """Tell whether it was committed; its session has ended, since the lock is ours."""
        with connection.begin():
            status: str = connection.execute(_STATUS, {"mark": mark}).scalar_one()
        return status == "committed"
