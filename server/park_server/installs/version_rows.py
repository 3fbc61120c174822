"""The versions that were installed, as a listing shows them: each with its environment.

Every edit of a live model is a version, so a project may have thousands. What is listed is
chosen by a few columns; the pins, by far the most of it, are read of what is shown alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from park.model.pins import is_tree_version
from park.model.states import EnvironmentState, InstallState
from park.wire import EnvironmentRecord, PinRecord
from park.wire.newest import folded, kind_of
from park_repo.database import Database
from park_server.db.tables import environments, installs
from park_server.envs.environment_rows import may_see, of_others
from park_server.trust.sharing import NOTHING, Shared

__all__ = ["listing"]


_AT_ONCE = 50
"""Versions that are read together: each has some hundred pins."""


def listing(
    database: Database,
    user: str,
    project: str | None,
    *,
    version: str | None = None,
    set_hash: str | None = None,
    edits: int | None = None,
    newest: int | None = None,
    shared: Shared = NOTHING,
) -> Iterator[EnvironmentRecord]:
    """Yield each version with an environment that ``user`` may use, the newest install first.

    Of thousands a few are read at a time; one that has gone since they were chosen is left out. In
    any thread.

    Another user's working trees are not among them, unless they are ``shared``. With ``version``
    (normalised) and ``set_hash`` those alone. With ``edits``, of the working trees of each version
    of a project only the newest so many; with ``newest``, of the releases and of the working trees
    of each project, the last one with how many are left out behind it.
    """
    query = _chosen(user)
    for column, wanted in (("project", project), ("version", version), ("set_hash", set_hash)):
        if wanted is not None:
            query = query.where(installs.c[column] == wanted)

    def chosen(connection: Connection) -> list[tuple[str, int]]:
        rows: Iterable[Row[Any]] = (
            row
            for row in connection.execute(query)
            if may_see(user, row.user, row.request_of_others, shared)
        )
        if edits is not None:
            rows = _with_few_edits(rows, edits)
        kept = folded(rows, lambda row: kind_of([(row.project, row.version)]), newest)
        return [(row.id, older) for row, older in kept]

    left = iter(database.read(chosen))
    while some := list(islice(left, _AT_ONCE)):
        full = database.read(partial(_full, ids=[install for install, _ in some]))
        yield from (_record(full[install], older) for install, older in some if install in full)


def _full(connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    return {row.id: row for row in connection.execute(_FULL, {"ids": ids})}


def _chosen(user: str) -> Select[Any]:
    """Return what the listing of ``user`` is chosen by; of his own installs the least there is."""
    newest = (
        select(func.max(installs.c.id))
        .where(installs.c.state == InstallState.READY)
        .group_by(installs.c.user, installs.c.project, installs.c.version, installs.c.lock_hash)
    )
    return (
        select(installs.c.id, installs.c.user, installs.c.project, installs.c.version)
        .add_columns(of_others(user))
        .join(environments, environments.c.lock_hash == installs.c.lock_hash)
        .where(installs.c.id.in_(newest))
        .order_by(installs.c.id.desc())
    )


_FULL = (
    select(
        installs,
        environments.c.packages,
        environments.c.size_bytes,
        environments.c.own_bytes,
        environments.c.last_used,
        environments.c.created.label("realised_at"),
        environments.c.state.label("status"),
    )
    .join(environments, environments.c.lock_hash == installs.c.lock_hash)
    .where(installs.c.id.in_(bindparam("ids", expanding=True)))
)


def _with_few_edits(rows: Iterable[Row[Any]], edits: int) -> Iterator[Row[Any]]:
    """Yield ``rows``, of the working trees of each version of a project the first ``edits``."""
    seen: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if is_tree_version(row.version):
            tree = (row.project, row.version.partition("+")[0])
            seen[tree] += 1
            if seen[tree] > edits:
                continue
        yield row


def _record(row: Row[Any], older: int) -> EnvironmentRecord:
    return EnvironmentRecord(
        project=row.project,
        version=row.version,
        python=row.python,
        lock_hash=row.lock_hash,
        set_hash=row.set_hash,
        status=EnvironmentState(row.status),
        packages=row.packages,
        size_bytes=row.size_bytes,
        own_bytes=row.own_bytes,
        created=row.realised_at,
        last_used=row.last_used,
        installed_by=row.user,
        # a thousand versions have tens of thousands of pins: no `decode` for each
        pins=[PinRecord(**pin) for pin in row.request["pins"]],
        older=older,
    )
