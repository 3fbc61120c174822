"""The engine for a PostgreSQL database, by psycopg."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from park.errors import CannotSatisfy

__all__ = ["postgresql_engine"]

_CONNECT: dict[str, object] = {
    "client_encoding": "utf8",
    "application_name": "park serve",
    # a server that vanished is noticed within seconds, not by the two hours of TCP
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>"""

_CONNECT_S = 5

_KEPT, _MORE = 8, 24
"""Connections that readers keep, and as many more for a moment: a server takes 100 by default."""


def postgresql_engine(url: URL, *, read_only: bool, connect_s: int = _CONNECT_S) -> Engine:
    """Return an engine on the database ``url``; connects when it is used, within ``connect_s``.

    A read sees one snapshot, as with SQLite: PostgreSQL would give each statement its own.
    Raises `CannotSatisfy` where the driver is not installed.
    """
    try:
        from park_repo.sql.exact_values import register
    except ImportError as error:
        raise CannotSatisfy(
            f"a database {url.get_backend_name()}://… needs psycopg, which is not installed",
            hint="pip install 'park-dist[server,postgres]'",
        ) from error
    engine = create_engine(
        url,
        paramstyle="format",  # in order, as `Prepared` gives them
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        pool_size=_KEPT,
        max_overflow=_MORE,
        connect_args=_CONNECT | {"connect_timeout": connect_s},
    )

    def on_connect(connection: Any, _record: object) -> None:
        register(connection)
        if read_only:
            # a change made inside a read would be lost without a word; now it raises
            connection.read_only = True

    event.listen(engine, "connect", on_connect)
    return engine
