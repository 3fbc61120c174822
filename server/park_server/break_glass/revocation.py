"""Revoke all that a user has: his tokens and grants, what is under way, and his jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from park.wire import PeerRevokedRecord, RevokedRecord, RotatedIdentityRecord, RotatedRecord
from park_repo.database import Database
from park_server.break_glass import open_jobs
from park_server.grants.grants import Grants
from park_server.jobs.scheduler import Scheduler
from park_server.proofs.identity import ServiceIdentity
from park_server.sealing.sealed_rows import seal_all
from park_server.sealing.sealing import Sealing
from park_server.trust import audit
from park_server.trust.audit import Actor
from park_server.trust.token_book import TokenBook

__all__ = ["Revocation"]


class Revocation:
    """Ends what is done in somebody's name.

    ``retire`` lets his fork servers go; ``rotated`` makes another token for the operator, and
    returns where that is. ``identity`` is the key by which other services know this one, and with
    ``sealing`` it keeps what others lent to it.
    """

    def __init__(
        self,
        *,
        database: Database,
        book: TokenBook,
        grants: Grants,
        scheduler: Scheduler,
        retire: Callable[[str], None],
        rotated: Callable[[], Path],
        identity: ServiceIdentity,
        sealing: Sealing,
    ) -> None:
        self._database = database
        self._book = book
        self._grants = grants
        self._scheduler = scheduler
        self._retire = retire
        self._rotated = rotated
        self._identity = identity
        self._sealing = sealing

    async def revoke_all(self, user: str, actor: Actor) -> RevokedRecord:
        """Revoke the tokens and grants of ``user`` first, then end his jobs; return how many."""
        tokens = await self._book.revoke_all(user, actor)
        grants = await self._grants.revoke_all(user)
        await self._scheduler.discard(user)
        own = self._database.read(lambda c: open_jobs.of_user(c, user))
        await self._scheduler.cancel_all(
            own, f"cancelled: {actor.user} revoked all that {user} has"
        )
        self._retire(user)
        record = RevokedRecord(user=user, tokens=tokens, grants=grants, jobs=len(own))
        await self._database.awrite(
            lambda c: audit.append(
                c, actor, "user.revoke", user, tokens=tokens, grants=grants, jobs=len(own)
            )
        )
        return record

    async def revoke_peer(self, peer: str, actor: Actor) -> PeerRevokedRecord:
        """Revoke all that the service ``peer`` was lent, by whomever; return how much that was."""
        revoked = await self._grants.revoke_peer(peer)
        keys = sorted({grant.holder for grant in revoked if grant.holder is not None})
        await self._database.awrite(
            lambda c: audit.append(c, actor, "peer.revoke", peer, grants=len(revoked), keys=keys)
        )
        return PeerRevokedRecord(peer=peer, grants=len(revoked), keys=keys)

    async def rotate(self, actor: Actor) -> RotatedRecord:
        """Let the operator's token open nothing more, and make another."""
        path = str(self._rotated())
        await self._database.awrite(lambda c: audit.append(c, actor, "token.rotate", path))
        return RotatedRecord(token_file=path)

    async def rotate_identity(self, actor: Actor, *, forget: bool) -> RotatedIdentityRecord:
        """Make another key of the service. ``forget``: what was lent to it before is lost.

        Another one also seals what it keeps, from now on and of before.
        """
        made = self._identity.rotate(forget=forget)
        self._sealing.rotate()

        def change(connection: Connection) -> None:
            seal_all(connection, self._sealing)
            audit.append(connection, actor, "identity.rotate", made, forget=forget)

        await self._database.awrite(change)
        return RotatedIdentityRecord(identity=made)
