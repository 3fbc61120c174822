"""What users share of their working trees, and with whom: a user, or a group."""

from __future__ import annotations

from sqlalchemy import Connection, Delete, delete, insert, select

from park.errors import UnknownItem, UsageError
from park.wire import ShareRecord
from park_repo.database import Database
from park_server.clock import now
from park_server.db.tables import shares
from park_server.trust import audit
from park_server.trust.audit import Actor
from park_server.trust.directory import Directory

__all__ = ["NOTHING", "Shared", "Sharing"]

Shared = frozenset[tuple[str, str]]
"""Owner and project (normalised) of each that somebody may use besides his own."""

NOTHING: Shared = frozenset()


class Sharing:
    """The shares of a service.

    ``generation`` is another number after each change: what was found out by them before may be
    wrong then.
    """

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory
        self._changes = 0
        self._by_whom: dict[str, set[tuple[str, str]]] = {}
        self._refresh()

    @property
    def generation(self) -> tuple[int, int]:
        """Count the changes of shares, and of groups."""
        return self._changes, self._directory.generation

    def with_user(self, user: str) -> Shared:
        """Return what is shared with ``user``, or with a group that he is in."""
        if not self._by_whom:
            return NOTHING
        groups = self._directory.standing(user)[1]
        names = [f"user:{user}", *(f"group:{group}" for group in groups)]
        return frozenset().union(*(self._by_whom.get(name, ()) for name in names))

    def listing(self, owner: str, project: str) -> list[ShareRecord]:
        """Return with whom ``owner`` shares ``project``."""
        query = select(shares).where(shares.c.owner == owner, shares.c.project == project)
        found = self._database.read(lambda c: c.execute(query.order_by(shares.c.whom)).all())
        return [ShareRecord(**row._mapping) for row in found]  # noqa: SLF001 (public, for names)

    async def share(self, owner: str, project: str, whom: str, actor: Actor) -> None:
        """Let ``whom`` use the working trees of ``project`` that are ``owner``'s, to come as well.

        ``whom`` is ``user:NAME``, ``group:NAME``, or a name that only one of these has. Raises
        `UnknownItem` where there is none.
        """
        named = self._named(whom)

        def change(connection: Connection) -> None:
            connection.execute(_gone(owner, project, named))
            row = {"owner": owner, "project": project, "whom": named, "created": now()}
            connection.execute(insert(shares), row)

        await self._change(change, actor, "share.add", project, named)

    async def unshare(self, owner: str, project: str, whom: str, actor: Actor) -> None:
        """Share with ``whom`` no more; raises `UnknownItem` where nothing was shared."""
        there = {each.whom for each in self.listing(owner, project)}
        found = [each for each in there if whom in {each, each.partition(":")[2]}]
        if len(found) != 1:
            raise UnknownItem(
                f"{project} is not shared with {whom}",
                hint=f"it is with: {', '.join(sorted(there)) or 'nobody'}",
            )
        (named,) = found
        await self._change(
            lambda c: c.execute(_gone(owner, project, named)), actor, "share.remove", project, named
        )

    def _named(self, whom: str) -> str:
        kind, colon, name = whom.rpartition(":")
        is_user, is_group = self._directory.is_user(name), self._directory.has_group(name)
        if colon and kind not in {"user", "group"}:
            raise UsageError(f"{whom!r} is neither user:NAME nor group:NAME")
        if not colon and is_user and is_group:
            raise UsageError(
                f"{name} is a user, and a group", hint=f"say user:{name} or group:{name}"
            )
        kind = kind or ("group" if is_group else "user")
        if not (is_group if kind == "group" else is_user):
            raise UnknownItem(f"no {kind} {name} on this service")
        return f"{kind}:{name}"

    async def _change(
        self, change: audit.Change, actor: Actor, action: str, project: str, whom: str
    ) -> None:
        await self._database.awrite(audit.with_entry(change, actor, action, project, whom=whom))
        self._refresh()

    def _refresh(self) -> None:
        self._by_whom = {}
        for row in self._database.read(lambda c: c.execute(select(shares)).all()):
            self._by_whom.setdefault(row.whom, set()).add((row.owner, row.project))
        self._changes += 1


def _gone(owner: str, project: str, whom: str) -> Delete:
    return delete(shares).where(
        shares.c.owner == owner, shares.c.project == project, shares.c.whom == whom
    )
