"""Set a wheel aside: nothing is made of it any more, and what runs it ends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from park.digests import is_sha256
from park.errors import UsageError
from park.model.lock_hash import LockHash
from park.wire import QuarantineRecord
from park_repo.database import Database
from park_repo.index import Index
from park_server.break_glass import open_jobs
from park_server.clock import now
from park_server.db.blocks import in_blocks
from park_server.db.tables import environment_pins, locks, quarantined
from park_server.envs.keeper import EnvironmentKeeper
from park_server.jobs.scheduler import Scheduler
from park_server.trust import audit
from park_server.trust.audit import Actor

__all__ = ["WheelQuarantine", "quarantined_files"]


def quarantined_files(connection: Connection) -> set[str]:
    """Return the digests of what was set aside."""
    return set(connection.execute(select(quarantined.c.sha256)).scalars())


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelQuarantine:
    """Refuses a file by its digest, whoever has it, and ends what was made of it."""

    database: Database
    index: Index
    keeper: EnvironmentKeeper
    scheduler: Scheduler

    async def set_aside(self, sha256: str, why: str, actor: Actor) -> QuarantineRecord:
        """Give out the file no more, end the jobs that run it, and evict its environments.

        No page lists it any more, so that resolvers pass over it, and those who have a page of
        before find that it is yanked.

        First of all it is refused, so that nothing begins meanwhile. Raises `UsageError` for
        what is no digest.
        """
        if not is_sha256(sha256):
            raise UsageError(f"{sha256!r} is no SHA-256: expected 64 hex digits")
        await self.database.awrite(
            audit.with_entry(
                lambda c: _note(c, sha256, actor.user, why), actor, "wheel.quarantine", sha256
            )
        )
        self.index.refused.add(sha256)
        await self.index.curator.yank_file(sha256, f"quarantined: {why}" if why else "quarantined")
        affected = self.database.read(lambda c: _locks_with(c, sha256))
        ended = self.database.read(lambda c: open_jobs.of_locks(c, affected))
        await self.scheduler.cancel_all(ended, _told(sha256, why, actor.user))
        await self.database.awrite(lambda c: _unpin(c, affected))
        await self.keeper.remove_all(affected, why=f"the wheel {sha256[:12]}… is quarantined")
        return QuarantineRecord(sha256=sha256, environments=list(affected), jobs=len(ended))


def _told(sha256: str, why: str, user: str) -> str:
    """Return what the users of jobs are told that ran a wheel which ``user`` set aside."""
    reason = f": {why}" if why else ", and said no reason"
    return (
        f"cancelled: {user} put the wheel {sha256[:12]}… of its environment in quarantine{reason}"
    )


def _note(connection: Connection, sha256: str, user: str, why: str) -> None:
    connection.execute(delete(quarantined).where(quarantined.c.sha256 == sha256))
    row = {"sha256": sha256, "user": user, "why": why, "created": now()}
    connection.execute(insert(quarantined), row)


def _locks_with(connection: Connection, sha256: str) -> list[LockHash]:
    query = select(locks.c.lock_hash).where(locks.c.document.contains(sha256))
    return [LockHash(found) for found in connection.execute(query).scalars()]


def _unpin(connection: Connection, affected: Collection[str]) -> None:
    for some in in_blocks(affected):
        connection.execute(delete(environment_pins).where(environment_pins.c.lock_hash.in_(some)))
