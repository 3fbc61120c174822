"""Rows of installs that cannot be read, made readable before the service starts."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, and_, case, func, literal, not_, null, or_, select, update

from park.errors import ServiceFault
from park.model.states import InstallState
from park_server import events
from park_server.clock import now
from park_server.db.portable_sql import is_json, json_kind
from park_server.db.tables import installs

__all__ = ["set_aside"]

_log = logging.getLogger("park.installs")

_HAS_ODD_REQUEST = not_(is_json(installs.c.request))
_HAS_ODD_PINS = func.coalesce(json_kind(installs.c.added), "") != "array"
_HAS_ODD_ERROR = and_(installs.c.error.is_not(null()), not_(is_json(installs.c.error)))
_IS_ODD = or_(
    installs.c.state.not_in(list(InstallState)), _HAS_ODD_REQUEST, _HAS_ODD_PINS, _HAS_ODD_ERROR
)


def set_aside(connection: Connection) -> None:
    """Let the installs fail that cannot be read; the same request again makes a new one."""
    query = select(installs.c.id, installs.c.user).where(_IS_ODD)
    error = ServiceFault("the row of the install could not be read", hint="install it again")
    for row in connection.execute(query).all():
        _log.error("install %s is set aside: its row cannot be read", row.id)
        readable = {
            "state": InstallState.FAILED,
            "request": case(
                (_HAS_ODD_REQUEST, literal({}, installs.c.request.type)), else_=installs.c.request
            ),
            "added": literal([], installs.c.added.type),
            "error": error.as_problem(),
            "lock_hash": null(),
            "updated": now(),
        }
        connection.execute(update(installs).where(installs.c.id == row.id).values(readable))
        events.append(
            connection, subject="install", id=row.id, type=InstallState.FAILED, user=row.user
        )
