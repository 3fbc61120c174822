"""The versions that were installed, as a listing shows them: each with its environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, func, select

from park.model.pins import is_tree_version
from park.model.states import EnvironmentState, InstallState
from park.wire import EnvironmentRecord, PinRecord
from park_server.db.tables import environments, installs
from park_server.envs.environment_rows import may_see

__all__ = ["listing"]


def listing(
    connection: Connection,
    user: str,
    project: str | None,
    *,
    set_hash: str | None = None,
    edits: int | None = None,
) -> list[EnvironmentRecord]:
    """Return each version with an environment that ``user`` may use, the newest install first.

    Another user's working trees are not among them. With ``set_hash`` those of that requirement
    set; with ``edits`` of the working trees of a project, which are many where it is being
    worked on, only the newest so many.
    """
    newest = (
        select(func.max(installs.c.id))
        .where(installs.c.state == InstallState.READY)
        .group_by(installs.c.user, installs.c.project, installs.c.version, installs.c.lock_hash)
    )
    query = (
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
        .where(installs.c.id.in_(newest))
        .order_by(installs.c.id.desc())
    )
    if project is not None:
        query = query.where(installs.c.project == project)
    if set_hash is not None:
        query = query.where(installs.c.set_hash == set_hash)
    rows = (row for row in connection.execute(query) if may_see(user, row.user, row.request))
    return [_record(row) for row in (rows if edits is None else _with_few_edits(rows, edits))]


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


def _record(row: Row[Any]) -> EnvironmentRecord:
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
    )
