"""Logins at an issuer by a code that is typed in elsewhere: begun here, asked for, finished."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from park.errors import CannotSatisfy, NotAuthenticated, NotPermitted, OverLimit
from park.wire import DeviceLoginRecord, DeviceTokenRecord
from park_repo.database import Database
from park_server.oidc.id_token import Person
from park_server.oidc.openid_issuer import Begun, Issuer, Pending
from park_server.trust.audit import Actor
from park_server.trust.directory import Directory
from park_server.trust.guessing import counted_as
from park_server.trust.noted.failed_logins import FailedLogins
from park_server.trust.policy import LoginPolicy
from park_server.trust.token_book import TokenBook

__all__ = ["DeviceLogins"]

_MOST = 200
"""Logins that are under way: anybody may begin one."""

_MOST_OF_AN_ADDRESS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class _UnderWay:
    begun: Begun
    nonce: str = field(repr=False)
    address: str
    issuer: str
    ends: float
    not_before: float


class DeviceLogins:
    """For one event loop. ``issuer`` gives the way to the issuer of a policy, ``clock`` seconds."""

    def __init__(
        self,
        *,
        database: Database,
        directory: Directory,
        book: TokenBook,
        failed: FailedLogins,
        issuer: Callable[[LoginPolicy], Issuer],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._directory = directory
        self._book = book
        self._failed = failed
        self._issuer = issuer
        self._clock = clock
        self._under_way: dict[str, _UnderWay] = {}

    @property
    def name(self) -> str | None:
        """The issuer, where logins there are taken."""
        policy = self._directory.policy.login
        return None if policy is None else policy.issuer

    async def begin(self, address: str) -> DeviceLoginRecord:
        """Begin a login; raises `CannotSatisfy` where there is no issuer, `OverLimit`."""
        policy = self._policy()
        self._require_room(address)
        nonce, handle = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        begun = await self._issuer(policy).begin(nonce)
        now = self._clock()
        self._under_way[handle] = _UnderWay(
            begun=begun,
            nonce=nonce,
            address=address,
            issuer=policy.issuer,
            ends=now + begun.expires_s,
            not_before=now,
        )
        return DeviceLoginRecord(
            handle=handle,
            user_code=begun.user_code,
            uri=begun.uri,
            uri_complete=begun.uri_complete,
            interval_s=begun.interval_s,
            expires_s=begun.expires_s,
        )

    async def finish(self, handle: str, note: str, address: str) -> DeviceTokenRecord:
        """Return a login once somebody has finished it at the issuer, and until then none.

        Raises `NotAuthenticated` where that was refused or is over, `NotPermitted` for whom
        the policy maps to no user.
        """
        found = self._under_way.get(handle)
        policy = self._policy()
        now = self._clock()
        if found is None or found.ends <= now or found.issuer != policy.issuer:
            self._under_way.pop(handle, None)
            raise NotAuthenticated("no such login is under way any more", hint="park login")
        if now < found.not_before:
            return DeviceTokenRecord(interval_s=found.begun.interval_s)
        later = replace(found, not_before=now + found.begun.interval_s)
        self._under_way[handle] = later
        try:
            person = await self._issuer(policy).finish(found.begun.device_code, found.nonce)
        except Pending as pending:
            slower = replace(later.begun, interval_s=later.begun.interval_s + pending.slower_s)
            if handle in self._under_way:
                self._under_way[handle] = replace(later, begun=slower)
            return DeviceTokenRecord(interval_s=slower.interval_s)
        except NotAuthenticated:
            self._under_way.pop(handle, None)
            raise
        if self._under_way.pop(handle, None) is None:  # asked twice at once: it counts once
            raise NotAuthenticated("no such login is under way any more", hint="park login")
        user = await self._user(policy, person, address)
        actor = Actor(user=user, address=address)
        return DeviceTokenRecord(login=await self._book.log_in(user, note, actor))

    async def _user(self, policy: LoginPolicy, person: Person, address: str) -> str:
        user = policy.user_of(person.subject, person.groups)
        if user is not None and self._directory.is_user(user):
            return user
        actor = Actor(user=user or "", address=address)
        entries = self._failed.entries(actor, person.subject, issuer=policy.issuer)
        if entries is not None:
            await self._database.awrite(entries)
        raise NotPermitted(
            f"{person.subject} of {policy.issuer} is no user of this service",
            hint="have its operator name this subject in policy.toml, below [login.users]",
        )

    def _policy(self) -> LoginPolicy:
        policy = self._directory.policy.login
        if policy is None:
            raise CannotSatisfy(
                "this service takes no logins of an issuer",
                hint="park login --user NAME, with a password; or --token",
            )
        return policy

    def _require_room(self, address: str) -> None:
        now = self._clock()
        self._under_way = {k: each for k, each in self._under_way.items() if each.ends > now}
        whose = counted_as(address)
        of_address = sum(counted_as(each.address) == whose for each in self._under_way.values())
        if len(self._under_way) >= _MOST or of_address >= _MOST_OF_AN_ADDRESS:
            raise OverLimit(
                "too many logins are under way",
                hint="finish one, or try again in a while",
                details={"retry_after_s": 60},
            )
