"""All that is asked of the database about users and groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from park_server.clock import now
from park_server.db.tables import group_members, users
from park_server.trust.rights import Rights

__all__ = ["KnownUser", "add", "every", "groups", "join", "leave", "update_user"]


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownUser:
    """A user as the service keeps him; ``password`` is Argon2's encoding, None: he has none."""

    name: str
    password: str | None
    roles: Rights
    created: str
    disabled: str | None


def every(connection: Connection) -> dict[str, KnownUser]:
    """Return all users by name, those that were removed as well."""
    return {
        row.name: KnownUser(
            name=row.name,
            password=row.password,
            roles=Rights.of(row.roles),
            created=row.created,
            disabled=row.disabled,
        )
        for row in connection.execute(select(users).order_by(users.c.name))
    }


def groups(connection: Connection) -> dict[str, frozenset[str]]:
    """Return the groups that each user was put into."""
    found: dict[str, set[str]] = {}
    for row in connection.execute(select(group_members)):
        found.setdefault(row.user, set()).add(row.group)
    return {user: frozenset(names) for user, names in found.items()}


def add(connection: Connection, name: str, password: str | None, roles: Rights) -> None:
    """Write a new user."""
    row = {"name": name, "password": password, "roles": roles.spelled(), "created": now()}
    connection.execute(insert(users), row)


def update_user(connection: Connection, name: str, values: Mapping[str, object]) -> None:
    """Change columns of a user."""
    connection.execute(update(users).where(users.c.name == name).values(dict(values)))


def join(connection: Connection, group: str, user: str) -> None:
    """Put a user into a group; nothing where he is in it."""
    leave(connection, group, user)
    connection.execute(insert(group_members), {"group": group, "user": user, "created": now()})


def leave(connection: Connection, group: str, user: str) -> None:
    """Take a user out of a group; nothing where he is not in it."""
    connection.execute(
        delete(group_members).where(group_members.c.group == group, group_members.c.user == user)
    )
