"""What users share of their working trees, and with whom: a user, or a group."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, insert, select

from park.errors import OverLimit, UnknownItem, UsageError
from park.wire import ShareRecord
from park_repo.database import Database
from park_server.clock import now
from park_server.db.tables import shares
from park_server.trust import audit
from park_server.trust.audit import Actor
from park_server.trust.directory import Directory
from park_server.trust.noted.change_rate import ChangeRate

__all__ = ["NOTHING", "Shared", "Sharing"]

Shared = frozenset[tuple[str, str]]
"""Owner and project (normalised) of each that somebody may use besides his own."""

NOTHING: Shared = frozenset()

_MOST_OF_OWNER = 1_000
"""Shares of one user: all are in memory, and are read anew with each change."""


class Sharing:
    """The shares of a service.

    ``generation`` is another number after each change: what was found out by them before may be
    wrong then.
    """

    def __init__(self, database: Database, directory: Directory, rate: ChangeRate) -> None:
        self._database = database
        self._directory = directory
        self._rate = rate
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
        `UnknownItem` where there is none, and `OverLimit` for one too many.
        """
        named = self._named(whom)

        def change(connection: Connection) -> None:
            known = connection.execute(_OF_OWNER, {"of": owner}).all()
            if (project, named) in known:
                return
            _require_room(owner, len(known))
            self._rate.count(owner, "shares")
            row = {"owner": owner, "project": project, "whom": named, "created": now()}
            connection.execute(insert(shares), row)
            audit.append(connection, actor, "share.add", project, whom=named)

        await self._change(change)

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
        gone = delete(shares).where(
            shares.c.owner == owner, shares.c.project == project, shares.c.whom == named
        )
        await self._change(
            audit.with_entry(lambda c: c.execute(gone), actor, "share.remove", project, whom=named)
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

    async def _change(self, change: audit.Change) -> None:
        await self._database.awrite(change)
        self._refresh()

    def _refresh(self) -> None:
        self._by_whom = {}
        for row in self._database.read(lambda c: c.execute(select(shares)).all()):
            self._by_whom.setdefault(row.whom, set()).add((row.owner, row.project))
        self._changes += 1


_OF_OWNER = select(shares.c.project, shares.c.whom).where(shares.c.owner == bindparam("of"))


def _require_room(owner: str, shared: int) -> None:
    """Raise `OverLimit` where ``owner`` shares as much as anybody may."""
    if shared >= _MOST_OF_OWNER:
        raise OverLimit(
            f"{owner} shares {shared:,} times, and nobody shares more",
            hint="share with a group in place of each of its members, or take some back: park"
            " share PROJECT --without NAME",
            details={"limit": _MOST_OF_OWNER, "used": shared},
        )
