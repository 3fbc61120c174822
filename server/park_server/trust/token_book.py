"""The tokens of a service's users, in memory: found by digest, revoked with their children.

One process has the home, so what it knows is what there is. What it says has been committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from park.errors import OverLimit, UnknownItem
from park.model.ids import new_id
from park.wire import LoginRecord, TokenRecord, TokenRequest
from park_repo.database import Database
from park_server.clock import later, now, text_of
from park_server.trust import audit, token_rows
from park_server.trust.audit import Actor
from park_server.trust.held_token import (
    HeldToken,
    Secret,
    child_of,
    digest_of,
    login,
    of_browser,
    renewed,
)
from park_server.trust.identity import Caller
from park_server.trust.noted.change_rate import ChangeRate
from park_server.trust.token_rows import KeptToken

__all__ = ["TokenBook"]

_OVERLAP = timedelta(seconds=60)
"""How long what was refreshed still opens the same: requests and processes are under way."""

_USE_NOTED_S = 60.0
"""How exact it is kept when a token was used last: a write for each request would cost more."""

_MOST_OF_USER = 1_000
"""Tokens of one user that are good at a time: all are in memory, and nobody reads a longer list."""

_REMEMBERED = timedelta(days=30)
"""How long after its end a token is answered with what became of it."""

_MOST_REMEMBERED = 1_000
"""Tokens of one user that have ended and are known still: he makes new ones as fast as he asks."""


class TokenBook:
    """The tokens; ``on_end`` is told of the ids of those that are revoked."""

    def __init__(
        self,
        database: Database,
        on_end: Callable[[Collection[str]], None],
        rate: ChangeRate,
    ) -> None:
        self._database = database
        self._on_end = on_end
        self._rate = rate
        self._by_digest: dict[str, str] = {}
        self._kept: dict[str, KeptToken] = {}
        self._children: dict[str, set[str]] = {}
        self._noted: dict[str, datetime] = {}
        self._of_user: dict[str, set[str]] = {}
        for kept in database.read(lambda c: list(token_rows.every(c))):
            self._keep(kept)

    async def sweep(self) -> None:
        """Forget the tokens that ended long ago."""
        before = later(-_REMEMBERED)
        await self._database.awrite(lambda c: token_rows.forget(c, before))
        self._drop([id_ for id_, kept in self._kept.items() if kept.token.lasts_until < before])

    def find(self, token: str, moment: datetime) -> HeldToken | None:
        """Return what ``token`` is, None where nobody knows it.

        Raises `NotAuthenticated` for one that is of no use any more.
        """
        digest = digest_of(token)
        kept = self._kept.get(self._by_digest.get(digest, ""))
        if kept is None:
            return None
        text = text_of(moment)
        if digest != kept.digest and (kept.previous_until or "") <= text:
            return None
        kept.token.check(text)
        self._note_use(kept.token.id, moment)
        return kept.token

    def listing(self, user: str | None = None) -> list[TokenRecord]:
        """Return the tokens of ``user``, None: of all, newest first."""
        found = (self._with_use(kept.token) for kept in self._kept.values())
        chosen = [token for token in found if user is None or token.user == user]
        return [token.record() for token in sorted(chosen, key=lambda t: t.created, reverse=True)]

    # -- making

    async def log_in(self, user: str, note: str, actor: Actor) -> LoginRecord:
        """Make the token of a login, of a user who has shown who he is."""
        token, secret = login(new_id(), user, note, datetime.now(UTC)), Secret.new()
        await self._add(token, secret, actor, "login")
        return _login_record(token, secret)

    async def open_browser(
        self, user: str, parent: HeldToken | None, actor: Actor
    ) -> tuple[HeldToken, Secret]:
        """Make the token of the page in a browser of ``user``, with ``parent`` where there is one.

        The secret goes into a cookie, and is told nobody else.
        """
        token, secret = of_browser(new_id(), user, datetime.now(UTC), parent), Secret.new()
        await self._add(token, secret, actor, "login.browser")
        return token, secret

    async def make(self, caller: Caller, request: TokenRequest, actor: Actor) -> TokenRecord:
        """Make a child of the token that ``caller`` asks with; see `child_of`."""
        token = child_of(
            caller.token,
            request,
            id=new_id(),
            user=caller.user,
            rights=caller.rights,
            moment=datetime.now(UTC),
        )
        secret = Secret.new()
        await self._add(token, secret, actor, "token.make")
        return token.record(secret)

    async def refresh(self, token: HeldToken, actor: Actor) -> LoginRecord:
        """Give ``token`` a new secret, and as long as a login has; see `renewed`."""
        self._rate.count(token.user, "refreshes of tokens")
        moment = datetime.now(UTC)
        kept, secret = self._kept[token.id], Secret.new()
        refreshed = KeptToken(
            token=renewed(kept.token, moment),
            digest=secret.digest,
            previous=kept.digest,
            previous_until=text_of(moment + _OVERLAP),
        )
        await self._database.awrite(
            audit.with_entry(
                lambda c: token_rows.refresh(c, refreshed), actor, "token.refresh", token.id
            )
        )
        if (now_kept := self._kept[token.id]).token.revoked is not None:
            refreshed = replace(refreshed, token=now_kept.token)  # meanwhile; revoked is revoked
        self._keep(refreshed)
        return _login_record(refreshed.token, secret)

    async def _add(self, token: HeldToken, secret: Secret, actor: Actor, action: str) -> None:
        self._require_room(token.user)
        self._rate.count(token.user, "new tokens" if action == "token.make" else "logins")
        surplus = self._surplus(token.user)
        data = {"of": token.user, "kind": token.kind, "parent": token.parent, "note": token.note}

        def change(connection: Connection) -> None:
            token_rows.remove(connection, surplus)
            token_rows.add(connection, token, secret.digest)

        await self._database.awrite(audit.with_entry(change, actor, action, token.id, **data))
        self._drop(surplus)
        self._keep(KeptToken(token=token, digest=secret.digest))
        if not self._is_open(token.parent or ""):
            await self.revoke([token.id], actor)  # its parent went while it was written

    def _require_room(self, user: str) -> None:
        """Raise `OverLimit` where ``user`` has as many tokens as anybody gets."""
        moment = now()
        good = sum(each.revoked is None and each.expires > moment for each in self._own(user))
        if good >= _MOST_OF_USER:
            raise OverLimit(
                f"{user} has {good:,} tokens that are good, and nobody gets more",
                hint="revoke those that nobody needs (park token list, park token revoke ID),"
                " or wait until some expire",
                details={"limit": _MOST_OF_USER, "used": good},
            )

    def _own(self, user: str) -> Iterable[HeldToken]:
        return (self._kept[id_].token for id_ in self._of_user.get(user, ()))

    def _surplus(self, user: str) -> Sequence[str]:
        """Return those of ``user`` that ended, but for the last ones: they are forgotten.

        None that ended just now: what is being made with it looks whether it is revoked.
        """
        before = later(-_OVERLAP)
        ended = [each for each in self._own(user) if _end_of(each) < before]
        return [each.id for each in sorted(ended, key=_end_of)[:-_MOST_REMEMBERED]]

    # -- revoking

    def is_below(self, end: str, ancestor: str) -> bool:
        """Tell whether the token whose id ends so is ``ancestor``, or was made with it."""
        return any(each.endswith(end) for each in self._with_children([ancestor]))

    async def revoke_own(self, id: str, user: str | None, actor: Actor) -> None:  # noqa: A002
        """Revoke a token of ``user`` (None: of anybody), with its children; again does no harm.

        It may be named by the end of its id. Raises `UnknownItem` where there is none.
        """
        named = [
            kept.token.id
            for kept in self._kept.values()
            if kept.token.id.endswith(id) and user in {None, kept.token.user}
        ]
        if len(named) != 1 or len(id) < _SHORTEST_END:
            what = "several tokens end" if len(named) > 1 else "no token ends"
            raise UnknownItem(f"{what} with {id!r}", hint="`park token list` shows yours")
        await self.revoke(named, actor)

    async def revoke_all(self, user: str, actor: Actor) -> int:
        """Revoke every token of ``user``; return how many."""
        return await self.revoke(self._of_user.get(user, ()), actor)

    async def revoke(self, ids: Collection[str], actor: Actor) -> int:
        """Revoke tokens with all their children; return how many that were of use."""
        ended = {id_ for id_ in self._with_children(ids) if self._is_open(id_)}
        if not ended:
            return 0
        moment = now()

        def change(connection: Connection) -> None:
            token_rows.revoke(connection, ended, moment)
            for each in sorted(ended):
                audit.append(connection, actor, "token.revoke", each)

        await self._database.awrite(change)
        for id_ in ended:
            if (kept := self._kept.get(id_)) is not None:
                self._kept[id_] = replace(kept, token=replace(kept.token, revoked=moment))
        self._on_end(ended)
        return len(ended)

    def _is_open(self, id_: str) -> bool:
        kept = self._kept.get(id_)
        return kept is None or kept.token.revoked is None

    def _with_children(self, ids: Collection[str]) -> set[str]:
        found: set[str] = set()
        left = list(ids)
        while left:
            if (each := left.pop()) not in found:
                found.add(each)
                left.extend(self._children.get(each, ()))
        return found

    # -- in memory

    def _keep(self, kept: KeptToken) -> None:
        token = kept.token
        if (before := self._kept.get(token.id)) is not None and before.previous is not None:
            self._by_digest.pop(before.previous, None)
        self._kept[token.id] = kept
        self._of_user.setdefault(token.user, set()).add(token.id)
        self._by_digest[kept.digest] = token.id
        if kept.previous is not None:
            self._by_digest[kept.previous] = token.id
        if token.parent is not None:
            self._children.setdefault(token.parent, set()).add(token.id)

    def _drop(self, ids: Iterable[str]) -> None:
        """Know nothing more of tokens that have ended."""
        for id_ in ids:
            if (kept := self._kept.pop(id_, None)) is not None:
                self._of_user[kept.token.user].discard(id_)
                self._by_digest.pop(kept.digest, None)
                self._by_digest.pop(kept.previous or "", None)
                self._children.get(kept.token.parent or "", set()).discard(id_)
                self._children.pop(id_, None)
                self._noted.pop(id_, None)

    def _note_use(self, token: str, moment: datetime) -> None:
        """Keep when a token was used, to the minute, without anybody waiting for it."""
        noted = self._noted.get(token)
        if noted is not None and (moment - noted).total_seconds() < _USE_NOTED_S:
            return
        self._noted[token] = moment
        uses = {token: text_of(moment)}
        self._database.write(lambda c: token_rows.note_uses(c, uses))

    def _with_use(self, token: HeldToken) -> HeldToken:
        noted = self._noted.get(token.id)
        return token if noted is None else replace(token, last_used=text_of(noted))


_SHORTEST_END = 6
"""Characters of an id that say which is meant; as of jobs."""


def _end_of(token: HeldToken) -> str:
    """Return when ``token`` ended, or will."""
    return token.revoked or token.lasts_until


def _login_record(token: HeldToken, secret: Secret) -> LoginRecord:
    return LoginRecord(
        token=secret.text,
        expires_at=token.expires,
        user=token.user,
        id=token.id,
        renewable_until=token.renewable_until or token.expires,
    )
