"""The peers of a service with one other service, and jobs here that refer to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from support.labs.databases import database_at
from support.labs.rows import add_job
from support.labs.user_room import UserRoom
from support.session.limits import LIMIT_S
from support.stand_ins.elsewhere import URL, Elsewhere, leaf

from park.model.references import Reference, What
from park.model.truth import Truth, Verdict
from park_repo.database import Database
from park_server.content import ContentStore
from park_server.db.tables import held_grants, remote_leaves, staged
from park_server.egress.addresses import AddressPolicy
from park_server.peers.peers import ServicePeers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

__all__ = ["NO_GRANT", "Lab", "Listener", "run", "to"]

NO_GRANT = "none"


class Listener:
    """The scheduler's place: what it is told."""

    def __init__(self) -> None:
        self.decided: dict[tuple[str, int], Verdict] = {}
        self.staged_jobs: list[str] = []
        self.failed: dict[str, str] = {}
        self._news = asyncio.Event()

    async def leaf_decided(self, job: str, position: int, verdict: Verdict) -> None:
        """See `PeerListener`."""
        self.decided[job, position] = verdict
        self._news.set()

    async def staged(self, job: str) -> None:
        """See `PeerListener`."""
        self.staged_jobs.append(job)
        self._news.set()

    async def cannot_stage(self, job: str, why: str) -> None:
        """See `PeerListener`."""
        self.failed[job] = why
        self._news.set()

    async def count(self, number: int) -> None:
        """Wait until it was told so much."""
        async with asyncio.timeout(LIMIT_S):
            while len(self.decided) + len(self.staged_jobs) + len(self.failed) < number:
                self._news.clear()
                await self._news.wait()


class Lab:
    """A service's peers with another service, and jobs that refer to it."""

    def __init__(self, database: Database, content: ContentStore) -> None:
        self.database = database
        self.content = content
        self.other = Elsewhere()
        self.listener = Listener()
        self.room = UserRoom()
        self.begin()

    def begin(self) -> None:
        """Have peers, as after a start."""
        self.peers = ServicePeers(
            database=self.database,
            content=self.content,
            addresses=AddressPolicy(),
            listener=self.listener,
            opened=str,
            client=self.other.client,
            room=self.room.begun,
        )

    def job(self, name: str, *references: Reference, token: str | None = None) -> None:
        """Write a job with ``references`` as its arguments, and a grant for it."""
        arguments = [each.as_json() for each in references]
        self.database.write(lambda c: add_job(c, name, "ada", arguments)).result()
        if token != NO_GRANT:
            row = {"job": name, "service": f"{URL}/", "token": token or "good"}
            self.database.write(lambda c: c.execute(insert(held_grants), row)).result()

    def leaf(self, job: str, needed: str, service: str = URL) -> None:
        """Write a leaf that ``job`` waits for."""
        row = {
            "job": job,
            "position": 0,
            "service": service,
            "leaf": leaf(needed),
            "truth": str(Truth.NOT_YET),
            "why": "",
        }
        self.database.write(lambda c: c.execute(insert(remote_leaves), row)).result()

    def documents(self, job: str) -> list[Any]:
        """Return what is staged for ``job``."""
        query = select(staged.c.document).where(staged.c.job == job).order_by(staged.c.reference)
        return list(self.database.read(lambda c: c.execute(query).scalars().all()))

    def held(self) -> list[str]:
        """Return the jobs for which grants are held."""
        query = select(held_grants.c.job).order_by(held_grants.c.job)
        return list(self.database.read(lambda c: c.execute(query).scalars().all()))


def run(tmp_path: Path, scenario: Callable[[Lab], Awaitable[None]]) -> None:
    """Run ``scenario`` in a lab of its own."""
    database = database_at(tmp_path)

    async def whole() -> None:
        lab = Lab(database, ContentStore(tmp_path / "files"))
        try:
            await scenario(lab)
        finally:
            await lab.peers.stop()

    try:
        asyncio.run(whole())
    finally:
        database.close()


def to(job: str, what: What, **more: Any) -> Reference:
    """Return a reference to what ``job`` leaves on the other service."""
    return Reference(job=job, what=what, service=URL, **more)
