"""Grants of this service: issued to its users, checked with every use, revoked when done.

A grant is a random token. Only its SHA-256 is kept: 256 random bits need no slow hash,
which is for what people can remember.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from park.errors import NotAuthenticated, NotPermitted, UnknownItem, UsageError
from park.model.ids import new_id
from park.wire import GrantRecord, GrantRequest, PassRecord, PassRequest
from park_repo.database import Database
from park_server.areas.paths import parse_place
from park_server.bus import Bus, revocation_of
from park_server.clock import later, now
from park_server.grants import grant_rows
from park_server.grants import passes as pass_tokens
from park_server.grants.passes import LASTS_S, Passes
from park_server.grants.scope import Grant, check_opens
from park_server.proofs.service_key import is_thumbprint

__all__ = ["LONGEST_S", "PREFIX", "RENEWAL", "Grants"]

PREFIX = "park_grant_"
"""How the token of a grant begins: people and scanners for leaked secrets know it by that."""

LONGEST_S = 30 * 86_400.0
RENEWAL = timedelta(days=1)
"""How much longer a grant is good that its holder renews: a night and a day without it."""

_SHORTEST_S = 1.0
_LONGEST_NOTE = 500
_MOST_SHOWN = 60
_MOST_OBJECTS = 20_000
"""Jobs and files of one grant: the gatherings of large sweeps, and an end."""

_REMEMBERED = timedelta(days=30)
"""How long after its end a grant is answered with what became of it."""


class Grants:
    """The grants of a service; ``bus`` wakes who follows something with one that is revoked.

    ``roots`` are the names of the operator's folders, which every user may read. ``on_end`` is
    told of the ids of those that are revoked. ``permits_unbound`` tells whether one may be bound
    to no service, ``permits_shipped`` whether the service that uses one may hold what opens it.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        roots: Collection[str] = (),
        *,
        on_end: Callable[[Collection[str]], None],
        permits_unbound: Callable[[], bool],
        permits_shipped: Callable[[], bool],
    ) -> None:
        self._permits_shipped = permits_shipped
        self._passes = Passes()
        self._database = database
        self._permits_unbound = permits_unbound
        self._on_end = on_end
        self._bus = bus
        self._roots = roots

    async def issue(self, user: str, request: GrantRequest) -> GrantRecord:
        """Make a grant for what is ``user``'s own or below a root; the record has its token, once.

        Raises `UnknownItem` for what is not, and `UsageError` for a grant of nothing or of
        a time that is none.
        """
        _check(request)
        self._require_holder(request.holder)
        jobs = list(dict.fromkeys(request.jobs))
        stops = list(dict.fromkeys(request.stops))
        self._database.read(lambda c: grant_rows.check_own(c, user, [*jobs, *stops]))
        moment = now()
        grant = Grant(
            id=new_id(),
            user=user,
            jobs=frozenset(jobs),
            files=frozenset(_file(file, user, self._roots) for file in request.files),
            created=moment,
            expires=later(timedelta(seconds=request.expires_s)),
            stops=frozenset(stops),
            holder=request.holder,
            lent_to=None if request.lent_to is None else request.lent_to[:_LONGEST_NOTE],
            renewable_until=self._renewable_until(request),
            bounced=self._is_bounced(request),
        )
        token = PREFIX + secrets.token_urlsafe(32)
        await self._database.awrite(lambda c: grant_rows.add(c, grant, _digest(token)))
        return grant_rows.record_of(grant, token)

    async def renew(self, grant: Grant) -> GrantRecord:
        """Let ``grant`` be good for another day, as its holder asks while it needs it.

        Raises `UsageError` for one that is not renewed, or for no longer.
        """
        last = grant.renewable_until
        if grant.holder is None or last is None or last <= now():
            raise UsageError(
                f"the grant …{grant.id[-6:]} is not renewed"
                + ("" if last is None else f" after {last}"),
                hint="submit again what waits, which makes another grant",
            )
        expires = min(max(later(RENEWAL), grant.expires), last)
        await self._database.awrite(lambda c: grant_rows.renew(c, grant.id, expires))
        return grant_rows.record_of(replace(grant, expires=expires))

    def _is_bounced(self, request: GrantRequest) -> bool:
        """Return whether each use takes a pass: as is asked for, else as the policy says."""
        permits = self._permits_shipped()
        if request.bounced is False and not permits:
            raise NotPermitted(
                "the policy of this service lets no other service hold what opens it",
                hint="have each use bounced off your agent: park.credentials(…, lend='bounce')",
            )
        is_bounced = not permits if request.bounced is None else request.bounced
        if is_bounced and request.holder is None:
            raise UsageError("a grant that is bounced is bound to a service: its holder is missing")
        return is_bounced

    def make_pass(self, id: str, user: str, request: PassRequest) -> PassRecord:  # noqa: A002
        """Make a pass for one use of the bounced grant ``id`` of ``user``.

        Raises `UnknownItem` where he has none, `NotPermitted` for what it does not open.
        """
        grant = self._own(id, user)
        if isinstance(found := _usable(grant, now()), NotAuthenticated):
            raise NotPermitted(found.message)
        if not grant.bounced:
            raise UsageError(f"the grant …{id[-6:]} is shipped: its holder uses it without a pass")
        check_opens(grant, request.method, request.path)
        token = self._passes.made(id, request.method, request.path)
        return PassRecord(token=token, seconds=LASTS_S)

    def spend(self, token: str) -> None:
        """Let a pass open nothing more, now that it was used; a grant stays what it is."""
        self._passes.spend(token)

    @staticmethod
    def _renewable_until(request: GrantRequest) -> str | None:
        """Return until when it is renewed; what is bound to nobody is not."""
        if request.holder is None or request.renewable_s <= request.expires_s:
            return None
        return later(timedelta(seconds=request.renewable_s))

    def _require_holder(self, holder: str | None) -> None:
        if holder is None and not self._permits_unbound():
            raise UsageError(
                "a grant is bound to the service that uses it, and this names none",
                hint="holder is the `identity` that the other service says in GET /api/v1; where"
                " that says none, update it (pip install -U park-dist[server]), or have the"
                " operator here permit unbound grants: [grants] unbound = true in policy.toml",
            )
        if holder is not None and not is_thumbprint(holder):
            raise UsageError(
                f"{holder[:_MOST_SHOWN]!r} names no key of a service",
                hint="it is the `identity` in GET /api/v1 of the service that uses the grant",
            )

    def listing(self, user: str) -> list[GrantRecord]:
        """Return the grants that ``user`` made, newest first, without their tokens."""
        found = self._database.read(lambda c: grant_rows.listing(c, user))
        return [grant_rows.record_of(grant) for grant in found]

    def record(self, id: str, user: str) -> GrantRecord:  # noqa: A002 (the column's name)
        """Return a grant of ``user``, without its token; raises `UnknownItem`."""
        return grant_rows.record_of(self._own(id, user))

    def _own(self, id: str, user: str) -> Grant:  # noqa: A002 (the column's name)
        grant = self._database.read(lambda c: grant_rows.by_ids(c, [id])).get(id)
        if grant is None or grant.user != user:
            raise UnknownItem(f"no grant {id[:_MOST_SHOWN]} on this service")
        return grant

    async def revoke_all(self, user: str) -> int:
        """Revoke all grants of ``user`` that are of use; return how many."""
        moment = now()
        found = self._database.read(lambda c: grant_rows.listing(c, user))
        usable = [grant for grant in found if not isinstance(_usable(grant, moment), Exception)]
        await self._revoke_those(usable)
        return len(usable)

    async def revoke_peer(self, peer: str) -> list[Grant]:
        """Revoke all usable grants of the service ``peer``, whoever lent them; return them.

        See `grant_rows.lent_to`.
        """
        moment = now()
        found = self._database.read(lambda c: grant_rows.lent_to(c, peer))
        usable = [grant for grant in found if not isinstance(_usable(grant, moment), Exception)]
        await self._revoke_those(usable)
        return usable

    async def _revoke_those(self, grants: Sequence[Grant]) -> None:
        """Revoke ``grants`` in one transaction, and end what is under way with them."""
        moment = now()

        def change(connection: Connection) -> None:
            for each in grants:
                with suppress(UnknownItem):  # it expired long ago, and was forgotten
                    grant_rows.revoke(connection, each.id, each.user, moment)

        await self._database.awrite(change)
        for each in grants:
            self._bus.publish(revocation_of(each.id))
        self._on_end([each.id for each in grants])

    async def revoke(self, id: str, user: str) -> None:  # noqa: A002 (the column's name)
        """Revoke a grant of ``user`` at once and for ever; a second time does no harm."""
        moment = now()
        await self._database.awrite(lambda c: grant_rows.revoke(c, id, user, moment))
        self._bus.publish(revocation_of(id))
        self._on_end([id])

    def holder(self, token: str) -> Grant:
        """Return the grant of ``token``; raises `NotAuthenticated` that says what is wrong."""
        found = self.holders([token])[token]
        if isinstance(found, NotAuthenticated):
            raise found
        return found

    def holders(self, tokens: Collection[str]) -> dict[str, Grant | NotAuthenticated]:
        """Return for each of ``tokens`` its grant, or why it opens nothing; in one look."""
        digests = {token: _digest(token) for token in tokens}
        known = self._database.read(lambda c: grant_rows.by_digests(c, set(digests.values())))
        moment = now()
        found = {token: _usable(known.get(digest), moment) for token, digest in digests.items()}
        if any(token.startswith(pass_tokens.PREFIX) for token in tokens):
            found |= self._of_passes(tokens)
        return found

    def _of_passes(self, tokens: Collection[str]) -> dict[str, Grant | NotAuthenticated]:
        """Return for each of the ``tokens`` of passes what it opens, once."""
        passes = {each: self._passes.of(each) for each in tokens}
        ids = {each.grant for each in passes.values() if each is not None}
        known = self._database.read(lambda c: grant_rows.by_ids(c, ids))
        moment = now()
        found: dict[str, Grant | NotAuthenticated] = {}
        for token, each in passes.items():
            if each is not None:
                grant = _usable(known.get(each.grant), moment)
                if isinstance(grant, Grant):
                    grant = replace(grant, bounced=False, only=each.only)
                found[token] = grant
            elif token.startswith(pass_tokens.PREFIX):
                found[token] = NotAuthenticated(
                    "the pass was used, or is over: each is good for one request, and a minute"
                )
        return found

    async def sweep(self) -> None:
        """Forget the grants that ended long ago."""
        before = later(-_REMEMBERED)
        await self._database.awrite(lambda c: grant_rows.forget(c, before))


def _usable(grant: Grant | None, moment: str) -> Grant | NotAuthenticated:
    if grant is None:
        return NotAuthenticated("this service does not know the grant")
    if grant.revoked is not None:
        return NotAuthenticated(f"the grant …{grant.id[-6:]} was revoked at {grant.revoked}")
    if grant.expires <= moment:
        return NotAuthenticated(f"the grant …{grant.id[-6:]} expired at {grant.expires}")
    return grant


def _check(request: GrantRequest) -> None:
    count = len(request.jobs) + len({*request.stops} - {*request.jobs}) + len(request.files)
    if not 0 < count <= _MOST_OBJECTS:
        raise UsageError(f"a grant opens 1 to {_MOST_OBJECTS} jobs and files, not {count}")
    if not (_SHORTEST_S <= request.expires_s <= LONGEST_S and request.renewable_s <= LONGEST_S):
        raise UsageError(
            f"a grant that expires in {request.expires_s:g} s, and is renewed for"
            f" {request.renewable_s:g} s",
            hint=f"it may last from {_SHORTEST_S:g} s to {LONGEST_S:g} s, which are 30 days",
        )


def _file(text: str, user: str, roots: Collection[str]) -> str:
    """Return a file of ``user``, or below a root, as everybody names it; it need not be there."""
    try:
        place = parse_place(text, user=user, roots=roots)
    except NotPermitted:
        place = None
    if place is None or place.owner not in {user, None} or not place.parts:
        raise UnknownItem(
            f"{text!r} is no file of your own on this service",
            hint="a grant opens files of your area (~/shared/run.refl), and of the operator's "
            "roots (/snsdata/run.nxs)",
        )
    return str(place)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
